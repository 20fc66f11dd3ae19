"""Split of all classes into head and tail by their share of the images."""

from collections.abc import Sequence

import numpy as np

from ltzoo.class_counts import ClassCounts


def split_head_tail(
    class_counts: Sequence[int] | np.ndarray, head_share: float = 0.9
) -> tuple[np.ndarray, np.ndarray]:
    """Return the fewest classes, largest first, that hold a share of all images, and the remaining classes.

    Feature Space Augmentation for Long-Tailed Data (Chu et al., ECCV 2020), section 5.4: "the minimum of h that
    satisfies h_r >= 0.9". Of classes with equal counts, the one with the lower number comes first.

    Deviation: the rarest class is always a tail class, even if the head needs it to reach its share. Balanced classes
    therefore also have a tail. The third-party code has a fixed list of head classes (0 to 6 of CIFAR-10) at every
    imbalance factor.

    Args:
        class_counts: training images per class [C], with C at least 2.
        head_share: h_r, the share of the images in head classes, in (0, 1).

    Returns:
        (head, tail): int64 class numbers in rising order; neither is empty.

    Raises:
        ValueError: if the counts are invalid, there is only one class, or the share is outside (0, 1).
    """
    counts = ClassCounts(class_counts)
    if not 0 < head_share < 1:
        raise ValueError(f"`head_share` must be above 0 and below 1. Received: head_share={head_share}")
    if len(counts) < 2:
        raise ValueError(
            f"`class_counts` must have two classes or more to split. Received: class_counts={counts.tolist()}"
        )
    order = np.argsort(-counts.array, kind="stable")
    # 0.9 of 40 images must be 36, although 0.9 is not exact in binary.
    needed = head_share * counts.total * (1.0 - 1e-12)
    number = 1 + int(np.searchsorted(np.cumsum(counts.array[order]), needed))
    number = min(number, len(counts) - 1)
    return np.sort(order[:number]), np.sort(order[number:])
