"""Accuracies and F1 of weighted images, for the resamples of a bootstrap."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

MEASURES = ("top1", "balanced", "many", "medium", "few", "macro_f1")
"""The measures that have intervals."""


class ClassSums:
    """Sums of weights over the images of each class.

    Args:
        classes: class of each image [N].
        num_classes: number of classes C.
    """

    def __init__(self, classes: np.ndarray, num_classes: int):
        self.num_classes = num_classes
        classes = np.asarray(classes)
        self._order = None if (np.diff(classes) >= 0).all() else np.argsort(classes, kind="stable")
        ordered = classes if self._order is None else classes[self._order]
        self._present, self._starts = np.unique(ordered, return_index=True)

    def of(self, weights: np.ndarray) -> np.ndarray:
        """Return the sums [b, C] of weights [b, N], as float64."""
        sums = np.zeros((len(weights), self.num_classes))
        if len(self._present):
            weights = weights if self._order is None else weights[:, self._order]
            sums[:, self._present] = np.add.reduceat(weights, self._starts, axis=1)
        return sums


class WeightedMeasures:
    """Accuracies and macro F1 of one classifier on weighted images.

    Args:
        labels, predicted: classes of the images [N].
        groups: classes of the shot groups "many", "medium" and "few".
        collapsed: classes [C] that count by their weight, see `Resampling`.
    """

    def __init__(
        self,
        labels: np.ndarray,
        predicted: np.ndarray,
        groups: Mapping[str, np.ndarray],
        collapsed: np.ndarray,
    ):
        classes = len(collapsed)
        self.groups, self.collapsed = groups, collapsed
        self._of_label, self._of_guess = ClassSums(labels, classes), ClassSums(predicted, classes)
        self._usual = np.maximum(np.bincount(labels, minlength=classes), 1)
        self._correct = (labels == predicted).astype("float32")

    def of(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """Return each of `MEASURES` [b] for weights [b, N]; NaN where it has no image."""
        images = self._of_label.of(weights)
        correct = self._of_label.of(weights * self._correct)
        guessed = self._of_guess.of(weights)
        recall = np.divide(correct, images, out=np.zeros_like(images), where=images > 0)
        f1 = np.divide(2 * correct, images + guessed, out=np.zeros_like(images), where=images > 0)
        counts = np.where(self.collapsed, images / self._usual, images > 0)
        found = {"top1": _ratio(correct.sum(axis=1), images.sum(axis=1)), "balanced": _mean(recall, counts)}
        for name in ("many", "medium", "few"):
            members = self.groups[name]
            found[name] = _mean(recall[:, members], counts[:, members])
        return {**found, "macro_f1": _mean(f1, counts)}


def _mean(values, weights):
    return _ratio((values * weights).sum(axis=1), weights.sum(axis=1))


def _ratio(above, below):
    return np.divide(above, below, out=np.full(below.shape, np.nan), where=below > 0)
