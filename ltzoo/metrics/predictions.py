"""What a classifier predicted for each image of a split."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

TOP = 3


@dataclasses.dataclass(frozen=True, eq=False)
class Predictions:
    """The most probable classes of N images.

    Attributes:
        labels: true classes, int64 [N].
        classes: the most probable classes, int64 [N, k], the most probable first; k is 3, or C if that is less.
        probabilities: their probabilities, float64 [N, k].
        true_probability: probability of the true class, float64 [N].
        images: name of each image, such as its path, or None for images that only have a position.
        groups: integers [N], equal for images that belong together, or None.
    """

    labels: np.ndarray
    classes: np.ndarray
    probabilities: np.ndarray
    true_probability: np.ndarray
    images: tuple[str, ...] | None = None
    groups: np.ndarray | None = None

    @property
    def predicted(self) -> np.ndarray:
        """The most probable class of each image, int64 [N]."""
        return self.classes[:, 0]

    def __len__(self) -> int:
        return len(self.labels)

    def at(self, positions: np.ndarray) -> Predictions:
        """Return the predictions of the images at integer positions [n], in that order."""
        return Predictions(
            labels=self.labels[positions],
            classes=self.classes[positions],
            probabilities=self.probabilities[positions],
            true_probability=self.true_probability[positions],
            images=None if self.images is None else tuple(self.images[place] for place in positions),
            groups=None if self.groups is None else self.groups[positions],
        )


def predictions_from_probabilities(
    probabilities: np.ndarray,
    labels: np.ndarray,
    images: Sequence[str] | None = None,
    groups: np.ndarray | None = None,
) -> Predictions:
    """Return the predictions of N images; the first of equal probabilities is the prediction, as in a `Result`.

    Args:
        probabilities: [N, C].
        labels: class indices [N].
        images: name of each image, or None.
        groups: group of each image, or None.
    """
    count, classes = probabilities.shape
    top = min(TOP, classes)
    rest, found = np.array(probabilities, "float64"), np.empty((count, top), "int64")
    rows = np.arange(count)
    for place in range(top):
        found[:, place] = rest.argmax(axis=1)
        rest[rows, found[:, place]] = -np.inf
    return Predictions(
        labels=np.asarray(labels, "int64"),
        classes=found,
        probabilities=np.take_along_axis(np.asarray(probabilities, "float64"), found, axis=1),
        true_probability=np.asarray(probabilities, "float64")[rows, labels],
        images=None if images is None else tuple(images),
        groups=groups,
    )
