"""Calibration bins and errors in NumPy float64."""

import numpy as np


def calibration_bins(
    confidence: np.ndarray, correct: np.ndarray, num_bins: int = 15
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return accuracy, mean confidence and number of samples in equal bins of the confidence.

    Bin b holds the confidences in (b / num_bins, (b + 1) / num_bins]: its lower edge is excluded, its upper edge
    included. A confidence of exactly 0 is in no bin.

    Args:
        confidence: probability of the predicted class, [N] in [0, 1].
        correct: whether the prediction is right, [N].
        num_bins: number of bins.

    Returns:
        (accuracy, confidence, count), float64, float64 and int64 [num_bins]; the first two are 0 in an empty bin.
    """
    confidence = np.asarray(confidence, "float64")
    edges = np.linspace(0.0, 1.0, num_bins + 1)
    position = np.searchsorted(edges, np.minimum(confidence, 1.0), side="left") - 1
    inside = position >= 0
    position, confidence = position[inside], confidence[inside]
    correct = np.asarray(correct, "float64")[inside]
    count = np.bincount(position, minlength=num_bins)
    divisor = np.maximum(count, 1)
    accuracy = np.bincount(position, correct, num_bins) / divisor
    return accuracy, np.bincount(position, confidence, num_bins) / divisor, count.astype("int64")


def calibration_errors(
    accuracy: np.ndarray, confidence: np.ndarray, count: np.ndarray
) -> tuple[float, float]:
    """Return the expected and maximum calibration error of the bins from `calibration_bins`.

    ece = sum_b count_b |accuracy_b - confidence_b| / sum_b count_b (Naeini et al., 2015; Guo et al., 2017);
    mce = max_b |accuracy_b - confidence_b|. Both are NaN if all bins are empty.

    Args:
        accuracy: accuracy in each bin, [B].
        confidence: mean confidence in each bin, [B].
        count: number of samples in each bin, [B].

    Returns:
        (ece, mce), as fractions.
    """
    if not np.sum(count):
        return float("nan"), float("nan")
    gap = np.abs(np.asarray(accuracy) - np.asarray(confidence))
    return float(np.sum(count * gap) / np.sum(count)), float(gap.max())
