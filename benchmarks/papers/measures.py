"""What figures of several papers measure about a trained network."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from benchmarks.papers.figure import Reading
from benchmarks.papers.runs import Watch
from ltzoo import metrics
from ltzoo.class_counts import ClassCounts
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.splits import Split
from ltzoo.report.classifier_norms import classifier_norms
from ltzoo.training.features import in_batches

GROUPS = ("many", "medium", "few")
# Points of a picture; more of them hide each other.
POINTS = 300


def accuracy(reading: Reading) -> dict[str, Any]:
    """Return top-1 in %."""
    return {"top1": 100 * reading.run.result.top1}


def calibration(reading: Reading) -> dict[str, Any]:
    """Return top-1 and expected calibration error in %, and the bins of a reliability diagram."""
    found = reading.run.result
    names = ("bin_accuracy", "bin_confidence", "bin_count")
    return {
        "top1": 100 * found.top1,
        "ece": 100 * found.ece,
        "bins": {name: getattr(found, name) for name in names},
    }


def confusion(reading: Reading) -> dict[str, Any]:
    """Return top-1 in % and the confusion matrix in images, rows = true classes."""
    found = reading.run.result
    return {"top1": 100 * found.top1, "confusion": found.confusion, **classes(reading)}


def classes(reading: Reading) -> dict[str, Any]:
    """Return names and training images of the classes."""
    return {
        "class_names": list(reading.run.model.class_names),
        "class_counts": reading.run.model.class_counts,
    }


def norms(reading: Reading) -> dict[str, Any]:
    """Return the length of each class's weight vector."""
    model = reading.run.model
    found = classifier_norms(model)
    assert found is not None, f"{type(model.head).__name__} has no vector per class"
    return {"top1": 100 * reading.run.result.top1, "norms": found, **classes(reading)}


def probabilities(reading: Reading, bins: int = 25) -> dict[str, Any]:
    """Return the distribution of p(true class) over the test images, per group of classes, and its means in %."""
    model = reading.run.model
    predictions = metrics.measure(model, test_of(reading.data))[1]
    found: dict[str, Any] = {}
    for name, members in ClassCounts(model.class_counts).groups.items():
        own = predictions.true_probability[np.isin(predictions.labels, members)]
        if len(own):
            found[name] = np.histogram(own, bins, (0, 1))[0] / len(own)
            found[f"mean {name}"] = 100 * own.mean()
    return found


def batch_norms(classifier: Any) -> list[Any]:
    """Return the batch-norm layers of a classifier's backbone in order."""
    return [
        layer for layer in classifier.backbone.layers if isinstance(layer, keras.layers.BatchNormalization)
    ]


def embedded(
    features: np.ndarray, labels: np.ndarray, names: Sequence[str], shown: Sequence[int]
) -> dict[str, Any]:
    """Return the t-SNE of features, as `benchmarks.papers.plots.points.scatter` takes it.

    Args:
        features, labels: [n, D] and [n].
        names: names of all classes.
        shown: labels of the classes, in the order of the legend.
    """
    from sklearn.manifold import TSNE

    if len(features) < 4:
        raise ValueError(f"`features` must have 4 or more rows. Received: {len(features)}")
    perplexity = min(30.0, (len(features) - 1) / 3)
    points = TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(
        np.asarray(features, "float64")
    )
    return {
        "points": [[round(float(value), 1) for value in point] for point in points],
        "labels": labels,
        "classes": [names[number] for number in shown],
        "numbers": list(shown),
    }


def points_of(reading: Reading, split: Split, shown: Sequence[int]) -> dict[str, Any]:
    """Return the t-SNE of the pooled features of images of some classes."""
    model = reading.run.model
    positions = some_positions(split, shown)
    features = in_batches(model.extract_features_on_batch, split, positions, 64)
    return embedded(features, np.asarray(split.labels)[positions], model.class_names, shown)


def some_positions(split: Split, shown: Sequence[int], most: int = POINTS) -> np.ndarray:
    """Return positions of images of some classes, drawn at random if there are more than `most`."""
    members = np.flatnonzero(np.isin(split.labels, shown))
    return np.sort(np.random.default_rng(0).permutation(members)[:most])


def watch_accuracy(load: Callable[[], LongTailedDataset]) -> Watch:
    """Return what watches top-1, many, medium and few after each epoch, on validation or else test images."""

    def measured(classifier):
        data = load()
        found = metrics.evaluate(classifier, data.val or test_of(data))
        return np.array([getattr(found, name) for name in ("top1", *GROUPS)])

    return {"accuracy": measured}


def course(reading: Reading) -> dict[str, Any]:
    """Return the training loss, and accuracies in %, after every epoch of a run that `watch_accuracy` watched."""
    run = reading.run
    watched = 100 * run.watched("accuracy").T
    return {
        "top1": 100 * run.result.top1,
        "stage": run.history["stage"],
        "loss": run.history["loss"],
        **dict(zip(("all", *GROUPS), watched, strict=True)),
    }


def numpy(variable: Any) -> np.ndarray:
    """Return the value of a variable or tensor, float64."""
    return np.asarray(ops.convert_to_numpy(variable), "float64")


def test_of(data: LongTailedDataset) -> Split:
    """Return the test images of a dataset."""
    assert data.test is not None
    return data.test
