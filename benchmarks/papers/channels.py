"""Feature channels that matter to rare or to frequent classes (Bao et al., 2024, section IV-D, Table V)."""

import dataclasses
from typing import Any

import numpy as np
from keras import ops

from benchmarks.papers.runs import Run
from ltzoo.class_counts import ClassCounts
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.metrics.result import result_from_probabilities
from ltzoo.training.features import extract_features

# The paper does not say how many channels a group has.
SHARE = 0.02


@dataclasses.dataclass(frozen=True)
class Linear:
    """The features of images and the linear classifier behind them.

    Attributes:
        features: [N, D].
        kernel, bias: [D, C] and [C].
        labels: [N].
        class_counts: training images per class [C].
    """

    features: np.ndarray
    kernel: np.ndarray
    bias: np.ndarray
    labels: np.ndarray
    class_counts: np.ndarray

    def logits(self, masked: np.ndarray | None = None) -> np.ndarray:
        """Return the logits [N, C] with some channels set to zero."""
        features = self.features
        if masked is not None:
            features = features.copy()
            features[:, masked] = 0
        return features @ self.kernel + self.bias


def linear(run: Run, data: LongTailedDataset) -> Linear:
    """Return features of the test images and the classifier of a network with a linear head.

    Raises:
        ValueError: the head is another one.
    """
    model, test = run.model, data.test
    head: Any = model.head
    if type(head).__name__ != "Dense":
        raise ValueError(f"`run` must have a linear head. Received: {type(head).__name__}")
    assert test is not None
    kernel, bias = (
        np.asarray(ops.convert_to_numpy(weight), "float64") for weight in (head.kernel, head.bias)
    )
    features = np.asarray(extract_features(model, test), "float64")
    return Linear(features, kernel, bias, np.asarray(test.labels), np.asarray(model.class_counts))


def drops(found: Linear) -> tuple[np.ndarray, np.ndarray]:
    """Return how much the accuracy of few- and of many-shot classes drops when one channel is masked, each [D].

    Ties are broken by the drop of the mean probability of the true class, as one part in a thousand.
    """
    groups = ClassCounts(found.class_counts).groups
    logits = found.logits()
    before = _scores(logits, found.labels)
    lost = []
    for channel in range(found.features.shape[1]):
        masked = logits - found.features[:, channel, None] * found.kernel[channel]
        lost.append(before - _scores(masked, found.labels))
    by_image = np.stack(lost)  # [D, N]
    few, many = (
        by_image[:, np.isin(found.labels, groups[name])].mean(axis=1)
        if np.isin(found.labels, groups[name]).any()
        else np.zeros(len(by_image))
        for name in ("few", "many")
    )
    return few, many


def channel_groups(found: Linear, share: float = SHARE) -> dict[str, np.ndarray]:
    """Return the channels that matter to rare classes alone, to frequent ones alone and to both.

    Each group has `share` of the channels, at least one: those with the largest difference of the two drops, with the
    smallest, and with the largest smaller drop. Deviation: the paper selects by severe and negligible drops, without
    thresholds.
    """
    few, many = drops(found)
    number = max(1, round(share * len(few)))

    def largest(values):
        return np.argsort(-values, kind="stable")[:number]

    return {
        "rare": largest(few - many),
        "frequent": largest(many - few),
        "common": largest(np.minimum(few, many)),
    }


def masked_accuracy(group: str):
    """Return a measure of Table V: accuracies in %, with a group of channels masked."""

    def measure(run: Run, data: LongTailedDataset) -> dict[str, float]:
        found = linear(run, data)
        logits = found.logits(channel_groups(found)[group])
        result = result_from_probabilities(_softmax(logits), found.labels, found.class_counts, resamples=0)
        values = {"top1": result.top1, "few": result.few, "many": result.many}
        return {key: 100 * value for key, value in values.items() if value == value}

    return measure


def _scores(logits, labels):
    """Return 1 or 0 for a right or wrong prediction, plus the true class's probability / 1000, for every image."""
    right = (logits.argmax(axis=1) == labels).astype("float64")
    return right + _softmax(logits)[np.arange(len(labels)), labels] / 1000


def _softmax(logits):
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)
