"""Cloud sizes of the Gaussian clouded logit loss."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ltzoo.class_counts.counts import ClassCounts

CLOUD_STRATEGIES = ("log", "power", "cosine")


def cloud_sizes(
    class_counts: Sequence[int] | np.ndarray,
    strategy: str = "log",
    exponent: float = 0.25,
    normalize: bool = True,
) -> np.ndarray:
    """Return the cloud size of each class's logit: 0 for the most frequent class, growing towards the tail.

    Li et al., "Long-tailed Visual Recognition via Gaussian Clouded Logit Adjustment" (CVPR 2022):

    - "log": log n_max - log n_c (Eq. 9),
    - "power": n_max^e - n_c^e with e = `exponent` (Table 3; 1/4 and 1/3 in the paper),
    - "cosine": cos(n_c / n_max * pi / 2) (Table 3).

    With `normalize` the sizes are divided by their maximum (section 4.2). Balanced counts have no tail and give all
    zeros; the published code divides 0 by 0 there.

    Args:
        class_counts: training images per class n [C].
        strategy: "log", "power" or "cosine".
        exponent: positive exponent of the power strategy; the others ignore it.
        normalize: divide by the maximum, so that sizes lie in [0, 1].

    Returns:
        sizes, float64 [C].

    Raises:
        ValueError: if the counts are invalid, the strategy is unknown, or the exponent is not positive.
    """
    counts = ClassCounts(class_counts).array.astype(np.float64)
    largest = counts.max()
    if strategy == "log":
        sizes = np.log(largest) - np.log(counts)
    elif strategy == "power":
        if not exponent > 0:
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
