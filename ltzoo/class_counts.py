"""How many training images each class has: long-tail profiles, shot groups and cloud sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

PROFILES = ("exponential", "step", "pareto")
CLOUD_STRATEGIES = ("log", "power", "cosine")

# A count such as 49 * (1 / 49) comes out as 0.99...9 in floating point; values this close (relative) to
# the next integer count as that integer. None of the published subsets is affected.
_ROUNDING = 1e-9


def validate_class_counts(class_counts: Sequence[int] | np.ndarray) -> np.ndarray:
    """Checks class counts and returns them as an int64 array.

    Args:
        class_counts: training images of each class, `[C]` integers of at least 1, in class order.

    Returns:
        A new int64 array `[C]`.

    Raises:
        ValueError: no class, not one-dimensional, not integers, or a count below 1.
    """
    counts = np.asarray(class_counts)
    if counts.ndim != 1 or counts.size == 0:
        raise ValueError(
            "`class_counts` must be a non-empty, one-dimensional sequence with the number of training "
            f"images of each class. Received: class_counts={class_counts!r}"
        )
    if not np.issubdtype(counts.dtype, np.integer):
        raise ValueError(
            "`class_counts` must be integers (images per class); round them first. "
            f"Received: class_counts of type {counts.dtype}: {class_counts!r}"
        )
    if counts.min() < 1:
        empty = int(np.argmin(counts))
        raise ValueError(
            "`class_counts` must be at least 1 for every class; drop classes without images or add images. "
            f"Received: class_counts[{empty}]={int(counts[empty])}"
        )
    return counts.astype(np.int64)


def validate_imbalance_factor(imbalance_factor: float) -> float:
    """Returns `imbalance_factor` as a float; raises ValueError unless it is a finite number of at least 1."""
    try:
        factor = float(imbalance_factor)
    except (TypeError, ValueError):
        factor = math.nan
    if not math.isfinite(factor) or factor < 1:
        raise ValueError(
            "`imbalance_factor` must be a number of at least 1: images of the most frequent class divided by "
            f"images of the rarest (1 is balanced). Received: imbalance_factor={imbalance_factor!r}"
        )
    return factor


def long_tail_counts(
    max_count: int,
    num_classes: int,
    imbalance_factor: float,
    profile: str = "exponential",
    *,
    power: float = 6.0,
) -> np.ndarray:
    """Class counts that fall from `max_count` to `max_count / imbalance_factor`, rounded down.

    With `n` = `max_count`, `C` = `num_classes`, `F` = `imbalance_factor`, `c` = 0..C-1:

    - `"exponential"`: `floor(n * (1/F) ** (c / (C-1)))`, the long-tailed CIFAR of Cui et al. (CVPR 2019) and
      Cao et al. (NeurIPS 2019), used by GCL and MiSLAS.
    - `"step"`: `n` for the first `C // 2` classes and `floor(n / F)` for the others (Cao et al.).
    - `"pareto"`: `floor(n * (1 + (F ** (1/a) - 1) * c / (C-1)) ** -a)` with `a` = `power`: a Pareto curve
      `x ** -a` read at `C` equally spaced points, from `x = 1` (`n` images) to `F ** (1/a)` (`n / F` images).
      ImageNet-LT was drawn from a Pareto distribution with power 6 (Liu et al., CVPR 2019); its authors
      drew at random, this curve is deterministic.

    Deviation from the published code: a value within a relative 1e-9 below an integer counts as that
    integer, so that rounding errors never lose an image.

    Args:
        max_count: images of the most frequent class, class 0.
        num_classes: number of classes.
        imbalance_factor: at least 1; 1 gives balanced counts.
        profile: `"exponential"`, `"step"` or `"pareto"`.
        power: exponent of the Pareto curve; the other profiles ignore it.

    Returns:
        int64 array `[num_classes]`, never rising.

    Raises:
        ValueError: an argument out of range, or a rarest class that would get no image.
    """
    for name, value in (("max_count", max_count), ("num_classes", num_classes)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"`{name}` must be an integer of at least 1. Received: {name}={value!r}")
    factor = validate_imbalance_factor(imbalance_factor)
    if power <= 0:
        raise ValueError(f"`power` must be positive. Received: power={power!r}")
    position = np.arange(num_classes) / max(num_classes - 1, 1)
    if profile == "exponential":
        counts = max_count * (1.0 / factor) ** position
    elif profile == "step":
        counts = np.where(np.arange(num_classes) < max(num_classes // 2, 1), max_count, max_count / factor)
    elif profile == "pareto":
        counts = max_count * (1.0 + (factor ** (1.0 / power) - 1.0) * position) ** -power
    else:
        raise ValueError(f"`profile` must be one of {', '.join(PROFILES)}. Received: profile={profile!r}")
    counts = np.floor(counts * (1.0 + _ROUNDING)).astype(np.int64)
    if counts[-1] < 1:
        raise ValueError(
            "`max_count` / `imbalance_factor` must be at least 1, or the rarest class has no image; lower "
            f"`imbalance_factor`. Received: max_count={max_count}, imbalance_factor={imbalance_factor}"
        )
    return counts


def shot_groups(
    class_counts: Sequence[int] | np.ndarray, *, many_above: int = 100, few_below: int = 20
) -> dict[str, np.ndarray]:
    """Splits the classes by their number of training images (Liu et al., CVPR 2019).

    Args:
        class_counts: training images of each class, `[C]`.
        many_above: a class with more images is many-shot.
        few_below: a class with fewer images is few-shot; all others are medium-shot, both limits included.

    Returns:
        `{"many": ..., "medium": ..., "few": ...}`: int64 class indices in rising order, possibly empty.

    Raises:
        ValueError: bad counts, or `few_below` greater than `many_above + 1` (a class would be in two groups).
    """
    counts = validate_class_counts(class_counts)
    if few_below > many_above + 1:
        raise ValueError(
            "`few_below` must not exceed `many_above` + 1, or a class would be in two groups. "
            f"Received: few_below={few_below}, many_above={many_above}"
        )
    many, few = counts > many_above, counts < few_below
    members = {"many": many, "medium": ~many & ~few, "few": few}
    return {name: np.flatnonzero(mask).astype(np.int64) for name, mask in members.items()}


def cloud_sizes(
    class_counts: Sequence[int] | np.ndarray,
    strategy: str = "log",
    exponent: float = 0.25,
    normalize: bool = True,
) -> np.ndarray:
    """Cloud size of each class's logit: 0 for the most frequent class, growing towards the tail.

    Li et al., "Long-tailed Visual Recognition via Gaussian Clouded Logit Adjustment" (CVPR 2022):

    - `"log"`: `log n_max - log n_c` (Eq. 9),
    - `"power"`: `n_max ** e - n_c ** e` with `e` = `exponent` (Table 3; 1/4 and 1/3 in the paper),
    - `"cosine"`: `cos(n_c / n_max * pi / 2)` (Table 3).

    With `normalize` the sizes are divided by their maximum (section 4.2). Balanced counts have no tail and
    give all zeros; the published code divides 0 by 0 there.

    Args:
        class_counts: training images of each class, `[C]`.
        strategy: `"log"`, `"power"` or `"cosine"`.
        exponent: positive exponent of the power strategy; the others ignore it.
        normalize: divide by the maximum, so that sizes lie in [0, 1].

    Returns:
        float64 array `[C]`.

    Raises:
        ValueError: bad counts, an unknown strategy, or an exponent that is not positive.
    """
    counts = validate_class_counts(class_counts).astype(np.float64)
    largest = counts.max()
    if strategy == "log":
        sizes = np.log(largest) - np.log(counts)
    elif strategy == "power":
        if exponent <= 0:
            raise ValueError(f"`exponent` must be positive. Received: exponent={exponent!r}")
        sizes = largest**exponent - counts**exponent
    elif strategy == "cosine":
        # cos(a) written as sin(pi/2 - a), which is exactly 0 for the most frequent class.
        sizes = np.sin((1.0 - counts / largest) * (np.pi / 2.0))
    else:
        raise ValueError(
            f"`strategy` must be one of {', '.join(CLOUD_STRATEGIES)}. Received: strategy={strategy!r}"
        )
    greatest = sizes.max()
    return sizes / greatest if normalize and greatest > 0 else sizes


def effective_number_weights(
    class_counts: Sequence[int] | np.ndarray,
    beta: float | np.ndarray = 0.9999,
    normalize: bool = True,
) -> np.ndarray:
    """Weight of one image of each class: the inverse effective number `(1 - beta) / (1 - beta ** n_c)`.

    Cui et al., "Class-Balanced Loss Based on Effective Number of Samples" (CVPR 2019), Eq. 2 and 10. `beta` = 0 gives
    equal weights, `beta` -> 1 weights in proportion to `1 / n_c`.

    Args:
        class_counts: training images of each class, `[C]`.
        beta: in [0, 1), one number or one for each class.
        normalize: multiply the weights so that they sum to `C`, as the paper does.

    Returns:
        float64 array `[C]`.

    Raises:
        ValueError: bad counts, or a `beta` outside [0, 1).
    """
    counts = validate_class_counts(class_counts)
    beta = np.asarray(beta, np.float64)
    if not ((beta >= 0) & (beta < 1)).all():
        raise ValueError(f"`beta` must be in [0, 1); the paper uses 0.9 to 0.9999. Received: beta={beta}")
    # 1 - beta^n without cancellation when beta is near 1; log(0) is avoided because beta = 0 has weight 1.
    log_beta = np.log(np.where(beta > 0, beta, 1.0))
    weights = np.where(
        beta > 0, (1.0 - beta) / np.where(beta > 0, -np.expm1(counts * log_beta), 1.0), np.ones(len(counts))
    )
    return len(counts) * weights / weights.sum() if normalize else weights
