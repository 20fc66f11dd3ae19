"""Recall, precision and F1 of each class, with intervals, from a confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ltzoo.metrics.intervals import wilson_interval

FEW_IMAGES = 10
"""A measure of fewer images than this is marked wherever it is shown."""


class ClassResult(NamedTuple):
    """Measurements of one class; shares are fractions, NaN where there is nothing to measure.

    Attributes:
        number, name: label and name of the class.
        training_images: None if unknown.
        test_images: images of the class in the split.
        recall: share of its images that are classified as it (also called accuracy of the class).
        recall_low, recall_high: Wilson's 95 % interval of the recall.
        precision: share of the images classified as it that are of it; NaN if there are none.
        f1: 2 TP / (2 TP + FP + FN); 0 for a class that is never predicted.
        confused_with: class that its images are most often mistaken for, the first of equals; None without mistakes.
        confused_images: number of images mistaken so.
    """

    number: int
    name: str
    training_images: int | None
    test_images: int
    recall: float
    recall_low: float
    recall_high: float
    precision: float
    f1: float
    confused_with: int | None
    confused_images: int


class GroupSize(NamedTuple):
    """What stands behind the accuracy of a shot group: classes with images in the split, and these images."""

    classes: int
    images: int

    @property
    def is_small(self) -> bool:
        """Whether there are images, but fewer than `FEW_IMAGES`."""
        return 0 < self.images < FEW_IMAGES

    def __str__(self) -> str:
        classes, images = (
            "" if number == 1 else plural for number, plural in zip(self, ("es", "s"), strict=True)
        )
        return f"{self.classes:,} class{classes}, {self.images:,} image{images}"


def class_results(
    confusion: np.ndarray,
    class_counts: Sequence[int] | np.ndarray | None = None,
    class_names: Sequence[str] | None = None,
) -> list[ClassResult]:
    """Return the measurements of every class, in label order.

    Args:
        confusion: number of images [C, C], rows = true class, columns = predicted class.
        class_counts: training images per class [C], or None.
        class_names: default: numbers.
    """
    confusion = np.asarray(confusion, "int64")
    right, images = np.diag(confusion), confusion.sum(axis=1)
    low, high = wilson_interval(right, images)
    wrong = confusion - np.diag(right)
    worst = wrong.argmax(axis=1)
    recall, precision, f1 = recalls(confusion), precisions(confusion), f1_scores(confusion)
    return [
        ClassResult(
            number=number,
            name=str(number) if class_names is None else class_names[number],
            training_images=None if class_counts is None else int(class_counts[number]),
            test_images=int(images[number]),
            recall=float(recall[number]),
            recall_low=float(low[number]),
            recall_high=float(high[number]),
            precision=float(precision[number]),
            f1=float(f1[number]),
            confused_with=int(worst[number]) if wrong[number, worst[number]] else None,
            confused_images=int(wrong[number, worst[number]]),
        )
        for number in range(len(confusion))
    ]


def recalls(confusion: np.ndarray) -> np.ndarray:
    """Return the recall of each class [C]; NaN without images."""
    return _ratio(np.diag(confusion), confusion.sum(axis=1))


def precisions(confusion: np.ndarray) -> np.ndarray:
    """Return the precision of each class [C]; NaN for a class that is never predicted."""
    return _ratio(np.diag(confusion), confusion.sum(axis=0))


def f1_scores(confusion: np.ndarray) -> np.ndarray:
    """Return the F1 of each class [C]; NaN without images, 0 for a class that is never predicted."""
    images = confusion.sum(axis=1)
    f1 = _ratio(2 * np.diag(confusion), images + confusion.sum(axis=0))
    return np.where(images > 0, f1, np.nan)


def _ratio(above, below):
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
