"""Long-tail profiles of the images per class: exponential, step and Pareto."""

from __future__ import annotations

import numpy as np

from ltzoo.checks import integer, number

PROFILES = ("exponential", "step", "pareto")

# In floating point 49 * (1 / 49) is 0.99...9. Values this close (relative) to the next integer count as that
# integer. No published subset is affected.
_ROUNDING = 1e-9


def validate_imbalance_factor(imbalance_factor: float) -> float:
    """Return `imbalance_factor` as a float; raise a ValueError unless it is finite and at least 1."""
    return number("imbalance_factor", imbalance_factor, least=1)


def long_tail_counts(
    max_count: int,
    num_classes: int,
    imbalance_factor: float,
    profile: str = "exponential",
    *,
    power: float = 6.0,
) -> np.ndarray:
    """Return class counts that fall from `max_count` to `max_count / imbalance_factor`, rounded down.

    With n = `max_count`, C = `num_classes`, F = `imbalance_factor`, c = 0..C-1:

    - "exponential": floor(n (1/F)^(c / (C-1))), the long-tailed CIFAR of Cui et al. (CVPR 2019) and Cao et al. (NeurIPS
      2019), used by GCL and MiSLAS.
    - "step": n for the first C // 2 classes and floor(n / F) for the others (Cao et al.).
    - "pareto": floor(n (1 + (F^(1/a) - 1) c / (C-1))^-a) with a = `power`. This is a Pareto curve x^-a, read at C
      equally spaced points from x = 1 (n images) to F^(1/a) (n / F images). ImageNet-LT was drawn at random from a
      Pareto distribution with power 6 (Liu et al., CVPR 2019); this curve is deterministic.

    Deviation from the published code: a value within a relative 1e-9 below an integer counts as that integer, so that
    rounding errors never lose an image.

    Args:
        max_count: images of the most frequent class, class 0.
        num_classes: number of classes.
        imbalance_factor: at least 1; 1 gives balanced counts.
        profile: "exponential", "step" or "pareto".
        power: exponent of the Pareto curve; the other profiles ignore it.

    Returns:
        counts, int64 [num_classes], never rising.

    Raises:
        ValueError: if an argument is out of range, or the rarest class would get no image.
    """
    max_count, num_classes = integer("max_count", max_count, 1), integer("num_classes", num_classes, 1)
    factor = validate_imbalance_factor(imbalance_factor)
    power = number("power", power, above=0)
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
