"""Reports of many classes with made-up pictures, as large as JPEG makes them: noise."""

import numpy as np

from ltzoo.class_counts import long_tail_counts
from ltzoo.data import ArraySplit
from ltzoo.metrics.predictions import predictions_from_probabilities
from ltzoo.metrics.result import result_from_probabilities
from ltzoo.report import Gallery, write_report
from ltzoo.report.gallery import class_sheets, confident_mistakes, worst_confusions

NAMES = ("Salmo <b>trutta", 'Gadus "morhua', "='x' & y_<i>z", "模型", "</script><script>throw 1</script>")


def noise(labels, side=40, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (len(labels), side, side, 3)).astype("uint8")
    return ArraySplit(images, labels)


def write_page(folder, classes, seed=0):
    """Write a report of C classes with three training and one to five test images each; return its path."""
    rng = np.random.default_rng(seed)
    counts = long_tail_counts(300, classes, 60)
    labels = np.repeat(np.arange(classes), rng.integers(1, 6, classes))
    logits = rng.normal(0, 1, (len(labels), classes))
    logits[np.arange(len(labels)), labels] += 2 + np.log(counts[labels])
    logits[np.arange(len(labels)), (labels + 1) % classes] += 4
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    names = [f"{NAMES[label % len(NAMES)]} {label}" for label in range(classes)]
    test, train = noise(labels, seed=1), noise(np.repeat(np.arange(classes), 3), seed=2)
    images = [f"{names[label]}/{number}.jpg" for number, label in enumerate(labels)]
    predictions = predictions_from_probabilities(probabilities, labels, images)
    result = result_from_probabilities(probabilities, labels, counts, class_names=names, resamples=100)
    gallery = Gallery(
        class_sheets(train, classes),
        worst_confusions(train, test, predictions, result),
        confident_mistakes(test, predictions),
    )
    path = write_report(
        folder,
        title="Many classes",
        class_counts=counts,
        class_names=names,
        results={"model": result},
        gallery=gallery,
    )
    return path, result
