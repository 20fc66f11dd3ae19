"""Fisher's linear discriminants with a shrunken covariance, in NumPy."""

from __future__ import annotations

import numpy as np

_CHUNK = 4096


def discriminant(
    features: np.ndarray, labels: np.ndarray, num_classes: int, shrinkage: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return kernel W `[D, C]` and bias b `[C]` of the logits x W + b of Gaussian classes with equal priors.

    With the class means m and the covariance S of features around the mean of their class, W = A^-1 m^T and
    b = -diag(m A^-1 m^T) / 2, where A = (1 - s) S + s (tr S / D) I for the shrinkage s (Friedman, JASA 1989, with one
    covariance). All classes share S, so a class needs few images: only its mean is its own.

    Args:
        features: float32 `[N, D]`, of similar variance in all dimensions.
        labels: classes `[N]`.
        num_classes: C; a class without images has logits of 0.
        shrinkage: s, from 0 to 1.
    """
    counts = np.bincount(labels, minlength=num_classes)
    sums = np.zeros((num_classes, features.shape[1]), np.float32)
    np.add.at(sums, labels, features)
    means = sums / np.maximum(counts, 1)[:, None].astype(np.float32)
    spread = features - means[labels]
    covariance = products(spread, spread) / max(len(labels) - int((counts > 0).sum()), 1)
    kernel = np.linalg.solve(shrunken(covariance, shrinkage), means.T.astype(np.float64))
    return kernel, -0.5 * (means.T * kernel).sum(axis=0)


def products(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a^T b of float32 rows, summed in float64 over chunks."""
    total = np.zeros((a.shape[1], b.shape[1]))
    for start in range(0, len(a), _CHUNK):
        total += a[start : start + _CHUNK].T @ b[start : start + _CHUNK]
    return total


def shrunken(matrix: np.ndarray, shrinkage: float) -> np.ndarray:
    """Return (1 - s) M + s (tr M / D) I for the shrinkage s; the identity for a matrix of zeros."""
    size = np.trace(matrix) / len(matrix)
    if size <= 0:
        return np.eye(len(matrix))
    return (1 - shrinkage) * matrix + shrinkage * size * np.eye(len(matrix))
