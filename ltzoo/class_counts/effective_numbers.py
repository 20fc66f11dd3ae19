"""Class weights by the effective number of images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ltzoo.class_counts.counts import ClassCounts


def effective_number_weights(
    class_counts: Sequence[int] | np.ndarray,
    beta: float | np.ndarray = 0.9999,
    normalize: bool = True,
) -> np.ndarray:
    """Return the weight of one image per class: the inverse effective number (1 - beta) / (1 - beta^n_c).

    Cui et al., "Class-Balanced Loss Based on Effective Number of Samples" (CVPR 2019), Eq. 2 and 10. beta = 0 gives
    equal weights; beta -> 1 gives weights in proportion to 1 / n_c.

    Args:
        class_counts: training images per class n [C].
        beta: in [0, 1), one number or one per class.
        normalize: scale the weights to the sum C, as in the paper.

    Returns:
        weights, float64 [C].

    Raises:
        ValueError: if the counts are invalid, or `beta` is outside [0, 1).
    """
    counts = ClassCounts(class_counts).array
    beta = np.asarray(beta, np.float64)
    if not ((beta >= 0) & (beta < 1)).all():
        raise ValueError(f"`beta` must be in [0, 1); the paper uses 0.9 to 0.9999. Received: beta={beta}")
    # Compute 1 - beta^n without cancellation near beta = 1; beta = 0 avoids log(0) and has weight 1.
    log_beta = np.log(np.where(beta > 0, beta, 1.0))
    weights = np.where(
        beta > 0, (1.0 - beta) / np.where(beta > 0, -np.expm1(counts * log_beta), 1.0), np.ones(len(counts))
    )
    return len(counts) * weights / weights.sum() if normalize else weights
