"""Scores of whole rows of probabilities: Brier score and class-wise calibration error."""

import numpy as np

_VALUES = 4_000_000  # Probabilities in one block.


def brier_score(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean over images of sum_c (p_c - [c = label])², from 0 (right and sure) to 2 (Brier, 1950).

    Args:
        probabilities: [N, C]; rows sum to 1.
        labels: class indices [N].
    """
    target = probabilities[np.arange(len(labels)), labels]
    return float(np.mean(np.einsum("nc,nc->n", probabilities, probabilities) - 2 * target + 1))


def classwise_calibration_error(probabilities: np.ndarray, labels: np.ndarray, num_bins: int = 15) -> float:
    """Return the class-wise expected calibration error (Kull et al., NeurIPS 2019, Eq. 2).

    1/C sum_c sum_b n_bc / N |y_bc - p_bc|: the images are binned by the probability of class c, in bins as in
    `calibration_bins`; y_bc is the share of class c among the n_bc images of bin b, p_bc their mean probability. Unlike
    the calibration error, it sees probabilities that are not the largest. Probabilities of 0 are in the first bin.

    Args:
        probabilities: [N, C].
        labels: class indices [N].
        num_bins: number of bins.
    """
    count, classes = probabilities.shape
    edges = np.linspace(0.0, 1.0, num_bins + 1)
    total, step = 0.0, max(1, _VALUES // max(1, count))
    for start in range(0, classes, step):
        part = probabilities[:, start : start + step]
        bins = np.maximum(np.searchsorted(edges, np.minimum(part, 1.0), side="left") - 1, 0)
        bins += np.arange(part.shape[1]) * num_bins
        gap = np.bincount(bins.ravel(), part.ravel(), part.shape[1] * num_bins)
        own = np.flatnonzero((labels >= start) & (labels < start + part.shape[1]))
        total += np.abs(gap - np.bincount(bins[own, labels[own] - start], minlength=len(gap))).sum()
    return float(total / count / classes)
