"""Number of training images per class, as one checked value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np

# Classes with more training images are many-shot, with fewer few-shot.
MANY_ABOVE, FEW_BELOW = 100, 20


class ClassCounts(Sequence[int]):
    """Number of training images per class, in class order.

    A frozen value: checked once, hashable, and equal to any other with the same counts. It is a sequence of ints, and
    `np.asarray` converts it to an int64 array. If `counts` already is a `ClassCounts`, `ClassCounts(counts)` returns it
    without another check.

    Args:
        class_counts: training images per class [C], integers of at least 1.

    Raises:
        ValueError: if there is no class, the counts are not one-dimensional or not integers, or a count is below 1.
    """

    __slots__ = ("_array", "_ints")

    _array: np.ndarray
    _ints: tuple[int, ...]

    def __new__(cls, class_counts: Sequence[int] | np.ndarray) -> ClassCounts:
        """Check and copy the counts, or return a `ClassCounts` unchanged."""
        if isinstance(class_counts, ClassCounts):
            return class_counts
        counts = super().__new__(cls)
        counts._array = _checked(class_counts)
        counts._ints = tuple(counts._array.tolist())
        return counts

    @property
    def array(self) -> np.ndarray:
        """Counts as a read-only int64 array [C]."""
        return self._array

    @property
    def num_classes(self) -> int:
        """Number of classes C."""
        return len(self._ints)

    @property
    def total(self) -> int:
        """Number of all training images N."""
        return sum(self._ints)

    @property
    def largest(self) -> int:
        """Count of the most frequent class."""
        return max(self._ints)

    @property
    def smallest(self) -> int:
        """Count of the rarest class."""
        return min(self._ints)

    @property
    def imbalance_factor(self) -> float:
        """Largest count divided by the smallest; 1 is balanced."""
        return self.largest / self.smallest

    @property
    def prior(self) -> np.ndarray:
        """Share of each class in the training images, n / N, float64 [C]."""
        return self._array / self.total

    @property
    def groups(self) -> dict[str, np.ndarray]:
        """Many-, medium- and few-shot classes; see `shot_groups`."""
        return shot_groups(self)

    def require(self, num_classes: int) -> ClassCounts:
        """Return these counts, or raise a ValueError unless there is one for each of `num_classes` logits."""
        if len(self) != num_classes:
            raise ValueError(
                f"`class_counts` must have one number for each of the {num_classes} logits. "
                f"Received: class_counts of length {len(self)}"
            )
        return self

    def tolist(self) -> list[int]:
        """Return the counts as a list of ints."""
        return list(self._ints)

    def __len__(self) -> int:
        return len(self._ints)

    @overload
    def __getitem__(self, index: int) -> int: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[int, ...]: ...

    def __getitem__(self, index):
        return self._ints[index]

    def __iter__(self):
        return iter(self._ints)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        array = self._array if dtype is None else self._array.astype(dtype, copy=False)
        if copy is False and array is not self._array:
            raise ValueError(
                f"`copy` must not be False for a dtype other than int64. Received: copy=False, dtype={dtype}"
            )
        return array.copy() if copy else array

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ClassCounts):
            return NotImplemented
        return self._ints == other._ints

    def __hash__(self) -> int:
        return hash(self._ints)

    def __reduce__(self):
        return ClassCounts, (self.tolist(),)

    def __repr__(self) -> str:
        shown = ", ".join(map(str, self._ints[:10]))
        return f"ClassCounts([{shown}{', ...' if len(self) > 10 else ''}])"


def shot_groups(
    class_counts: Sequence[int] | np.ndarray, *, many_above: int = MANY_ABOVE, few_below: int = FEW_BELOW
) -> dict[str, np.ndarray]:
    """Split the classes by their number of training images (Liu et al., CVPR 2019).

    Args:
        class_counts: training images per class [C].
        many_above: a class with more images is many-shot.
        few_below: a class with fewer images is few-shot; all others are medium-shot, both limits included.

    Returns:
        `{"many": ..., "medium": ..., "few": ...}`: int64 class indices in rising order, possibly empty.

    Raises:
        ValueError: if the counts are invalid, or `few_below` exceeds `many_above + 1` (a class would be in two groups).
    """
    counts = ClassCounts(class_counts).array
    if few_below > many_above + 1:
        raise ValueError(
            "`few_below` must not exceed `many_above` + 1, or a class would be in two groups. "
            f"Received: few_below={few_below}, many_above={many_above}"
        )
    many, few = counts > many_above, counts < few_below
    members = {"many": many, "medium": ~many & ~few, "few": few}
    return {name: np.flatnonzero(mask).astype(np.int64) for name, mask in members.items()}


def _checked(class_counts):
    try:
        counts = np.asarray(class_counts)
    except ValueError:  # Rows of different lengths.
        counts = np.empty((0, 0))
    if counts.ndim != 1 or counts.size == 0:
        raise ValueError(
            "`class_counts` must be a non-empty, one-dimensional sequence of training images per class. "
            f"Received: class_counts={class_counts!r}"
        )
    if counts.dtype.kind not in "iu":
        raise ValueError(
            "`class_counts` must be integers (images per class); round them first. "
            f"Received: class_counts of dtype {counts.dtype}: {class_counts!r}"
        )
    if counts.min() < 1:
        empty = int(np.argmin(counts))
        raise ValueError(
            "`class_counts` must be at least 1 for every class; drop classes without images or add images. "
            f"Received: class_counts[{empty}]={int(counts[empty])}"
        )
    if counts.max() > np.iinfo(np.int64).max:
        raise ValueError(
            f"`class_counts` must fit in int64. Received: class_counts[{int(np.argmax(counts))}]={counts.max()}"
        )
    counts = counts.astype(np.int64)
    counts.flags.writeable = False
    return counts
