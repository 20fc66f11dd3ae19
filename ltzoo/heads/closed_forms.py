"""Linear classifiers with a formula instead of steps: shrunken discriminants and balanced least squares."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ltzoo import linear_discriminant
from ltzoo.heads.standardized import SMALLEST
from ltzoo.linear_discriminant import products, shrunken

SHRINKAGE = 0.1


class Linear(NamedTuple):
    """The classifier x W + b: kernel W `[D, C]` and bias b `[C]`, float64."""

    kernel: np.ndarray
    bias: np.ndarray

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Return logits `[n, C]` of features `[n, D]`."""
        return np.asarray(features, np.float64) @ self.kernel + self.bias


def discriminant(features: np.ndarray, labels: np.ndarray, num_classes: int) -> Linear:
    """Return Fisher's linear discriminants with equal priors; see `ltzoo.linear_discriminant.discriminant`.

    Features have zero mean and unit variance first. The shrinkage is 0.1.

    Args:
        features: `[N, D]`.
        labels: classes `[N]`.
        num_classes: C; a class without images has logits of 0.
    """
    scaled, center, deviation = _standardized(features)
    return _unscaled(
        *linear_discriminant.discriminant(scaled, labels, num_classes, SHRINKAGE), center, deviation
    )


def least_squares(features: np.ndarray, labels: np.ndarray, num_classes: int) -> Linear:
    """Return ridge regression to one-hot labels in which all classes weigh the same.

    An image of class c with n_c images weighs w = N / (C n_c). Features have zero mean and unit variance first, then
    the weighted mean is subtracted. With their weighted second moments G and the weighted products P with the
    centered one-hot labels, W = (0.9 G + 0.1 (tr G / D) I)^-1 P (Toh, Neural Computation 2008). It
    works best where discriminants fail: few images for the number of features, and classes of unequal spread.

    Args:
        features: `[N, D]`.
        labels: classes `[N]`.
        num_classes: C.
    """
    scaled, center, deviation = _standardized(features)
    counts = np.bincount(labels, minlength=num_classes)
    weights = (len(labels) / ((counts > 0).sum() * counts[labels])).astype(np.float32)
    middle = weights @ scaled / len(labels)
    scaled -= middle
    targets = np.eye(num_classes, dtype=np.float32)[labels]
    share = weights @ targets / len(labels)
    weighted = scaled * weights[:, None]
    moments = products(weighted, scaled) / len(labels)
    kernel = np.linalg.solve(shrunken(moments, SHRINKAGE), products(weighted, targets - share) / len(labels))
    return _unscaled(kernel, share - middle @ kernel, center, deviation)


CLOSED_FORMS: dict[str, Callable[[np.ndarray, np.ndarray, int], Linear]] = {
    "discriminant": discriminant,
    "least_squares": least_squares,
}


def _standardized(features):
    """Return features of zero mean and unit variance in float32, the means and the deviations."""
    center = features.mean(axis=0, dtype=np.float64)
    deviation = features.std(axis=0, dtype=np.float64) + SMALLEST
    return ((features - center) / deviation).astype(np.float32), center, deviation


def _unscaled(kernel, bias, center, deviation):
    """Return the classifier of features that were not standardized."""
    kernel = kernel / deviation[:, None]
    return Linear(kernel, bias - center @ kernel)
