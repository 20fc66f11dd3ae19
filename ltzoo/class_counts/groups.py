"""Classes with many, a medium number of and few images."""

from collections.abc import Sequence

import numpy as np

from ltzoo.checks import is_integer
from ltzoo.class_counts.counts import ClassCounts

GROUPS = ("many", "medium", "few")


def class_groups(
    class_counts: Sequence[int] | np.ndarray, thresholds: Sequence[int] | None = None
) -> dict[str, np.ndarray]:
    """Return the classes of each group, in label order, int64.

    Args:
        class_counts: training images per class `[C]`; three classes or more.
        thresholds: (a, b): few are classes with up to a images, many those with more than b. None, or thresholds that
            leave a group empty: thirds of the classes, from the most frequent to the rarest.

    Raises:
        ValueError: there are fewer than three classes, or the thresholds are not two ascending numbers.
    """
    counts = ClassCounts(class_counts).array
    if len(counts) < len(GROUPS):
        raise ValueError(f"`class_counts` must have three classes or more. Received: {len(counts)} classes")
    if thresholds is not None:
        numbers = list(thresholds) if isinstance(thresholds, (list, tuple, np.ndarray)) else []
        if len(numbers) != 2 or not all(map(is_integer, numbers)) or numbers[0] > numbers[1]:
            raise ValueError(
                f"`thresholds` must be two ascending whole numbers of images. Received: thresholds={thresholds!r}"
            )
        few, many = counts <= thresholds[0], counts > thresholds[1]
        found = [np.flatnonzero(group) for group in (many, ~(few | many), few)]
        if all(map(len, found)):
            return dict(zip(GROUPS, found, strict=True))
    thirds = np.array_split(np.argsort(-counts, kind="stable"), len(GROUPS))
    return {name: np.sort(part) for name, part in zip(GROUPS, thirds, strict=True)}
