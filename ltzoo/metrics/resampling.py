"""Stratified bootstrap: random weights of the images of a split, the same for every classifier."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

# Weights in memory at once, as float32.
_VALUES = 1_000_000


class Resampling:
    """Bootstrap resamples of a split, class by class, as one weight per image and resample.

    Of the n images of a class, n - 1 are drawn with replacement and weighted by n / (n - 1), so that the variance of a
    mean is unbiased for few images too (McCarthy and Snowden, 1985; the ordinary bootstrap halves it at n = 2). Classes
    with a single image have no variance of their own; those of one shot group are drawn together, as survey statistics
    collapses such strata. A single such class of a group keeps its image in every resample.

    With groups, whole groups are drawn in place of images, within the class that most of their images have.

    Sort the images by class to save time.

    Args:
        labels: class indices [N].
        shots: a number per class [C], equal for the classes of one shot group.
        groups: integers [N], equal for images that belong together (one animal, patient, video), or None.
        resamples: number of resamples B.
        seed: the same seed gives the same weights.
    """

    def __init__(
        self,
        labels: np.ndarray,
        shots: np.ndarray,
        groups: np.ndarray | None = None,
        *,
        resamples: int = 1000,
        seed: int = 0,
    ):
        labels, shots = np.asarray(labels, "int64"), np.asarray(shots, "int64")
        self.resamples, self.seed = resamples, seed
        if groups is None:
            unit_of_image, label_of_unit = np.arange(len(labels)), labels
        else:
            unit_of_image, label_of_unit = _units(labels, np.asarray(groups), len(shots))
        sizes = np.bincount(label_of_unit, minlength=len(shots))
        single = sizes == 1
        self.collapsed = single & (np.bincount(shots[single], minlength=shots.max() + 1)[shots] > 1)
        """Classes [C] that are drawn together with others: they are missing from some resamples."""
        strata = np.where(self.collapsed[label_of_unit], len(shots) + shots[label_of_unit], label_of_unit)
        order = np.argsort(strata, kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(strata[order]) > 0])
        sizes = np.diff(np.r_[starts, len(order)])
        draws = np.maximum(sizes - 1, 1)
        self._start, self._size = np.repeat(starts, draws), np.repeat(sizes, draws).astype("float32")
        self._factor = np.repeat(sizes / draws, sizes).astype("float32")
        place = np.empty(len(order), "int64")
        place[order] = np.arange(len(order))
        self._place = None if np.array_equal(unit_of_image, order) else place[unit_of_image]
        self._images = len(labels)

    def weights(self) -> Iterator[np.ndarray]:
        """Yield float32 weights [b, N] of the images, until B resamples are made; an image's expected weight is 1."""
        rng = np.random.default_rng(self.seed)
        units = len(self._factor)
        step = max(1, _VALUES // max(1, self._images))
        for start in range(0, self.resamples, step):
            count = min(step, self.resamples - start)
            drawn = rng.random((count, len(self._start)), "float32")
            drawn = np.minimum(drawn * self._size, self._size - 1).astype("int64")
            drawn += self._start
            drawn += np.arange(count)[:, None] * units
            times = np.bincount(drawn.ravel(), minlength=count * units).reshape(count, units)
            weights = np.multiply(times, self._factor, dtype="float32")
            yield weights if self._place is None else weights[:, self._place]


def _units(labels, groups, classes):
    """Number the groups from 0; return the number of each image, and the most frequent class of each group."""
    _, numbers = np.unique(groups, return_inverse=True)
    pairs, counts = np.unique(numbers * classes + labels, return_counts=True)
    order = np.lexsort((-counts, pairs // classes))  # By group, the most frequent class first.
    first = np.flatnonzero(np.r_[True, np.diff(pairs[order] // classes) > 0])
    return numbers, pairs[order][first] % classes
