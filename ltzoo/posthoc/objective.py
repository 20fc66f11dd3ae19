"""The objective of a fit: the negative log likelihood of held-out images, weighted to the target prior."""

from __future__ import annotations

import numpy as np

from ltzoo.posthoc.minimize import minimize
from ltzoo.posthoc.outputs import log_softmax

# Of 1 / T. At 0 the outputs would say nothing of the classes.
_LEAST_FACTOR = 1e-3


def importance_weights(labels: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return a weight per image `[N]`, with the mean 1, that gives held-out images the class shares `target`.

    w_i = q_y / m_y, with the target share q and the held-out share m of the image's class. Classes without held-out
    images cannot count; the others then share all the weight.

    Args:
        labels: class indices `[N]`.
        target: class shares q `[C]`.

    Raises:
        ValueError: no held-out image is of a class with a share.
    """
    counts = np.bincount(labels, minlength=len(target))
    weights = (target / np.maximum(counts, 1))[labels]
    total = weights.sum()
    if not total > 0:
        raise ValueError(
            "`labels` must hold images of the classes of the target prior. Received: only images of other classes"
        )
    return weights * (len(labels) / total)


def negative_log_likelihood(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return -log p(label) per image `[N]`, in nats."""
    return -log_softmax(logits)[np.arange(len(labels)), labels]


def smoothed_labels(labels: np.ndarray, weights: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return labels as rows of class shares `[N, C]`, smoothed a little toward the target prior.

    Each row is (1 - e) for the label and e q for all classes, with e = 1 / (M + 2) and the effective number of images
    M = (sum w)^2 / sum w^2. It is the rule of Platt (1999, Section 2.2) for several classes. Without it a few images
    that are all recognized would ask for an infinite confidence.

    Args:
        labels: class indices `[N]`.
        weights: weight per image `[N]`.
        target: class shares q `[C]`.
    """
    share = 1.0 / (effective_number(weights) + 2.0)
    rows = np.tile(share * target, (len(labels), 1))
    rows[np.arange(len(labels)), labels] += 1.0 - share
    return rows


def effective_number(weights: np.ndarray) -> float:
    """Return how many equally weighted images say as much: (sum w)^2 / sum w^2."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def fit_scalars(
    logits: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    direction: np.ndarray | None,
    offset: np.ndarray,
) -> tuple[float, float]:
    """Return (1 / T, tau) with the least weighted NLL of `z / T - tau direction + offset`.

    The function is convex in both numbers.

    Args:
        logits: z `[N, C]`.
        labels: rows of class shares `[N, C]`; see `smoothed_labels`.
        weights: weight per image `[N]`.
        direction: log training prior `[C]`, or None to leave tau at 0.
        offset: `[C]`.
    """
    spread = float(logits.std()) or 1.0
    share = weights / weights.sum()

    def function(point):
        shifted = logits * (point[0] / spread) + offset
        if direction is not None:
            shifted = shifted - point[1] * direction
        log_p = log_softmax(shifted)
        rest = share[:, None] * (np.exp(log_p) - labels)
        gradient = [float((rest * logits).sum()) / spread]
        if direction is not None:
            gradient.append(-float(rest.sum(axis=0) @ direction))
        return -float(share @ (labels * log_p).sum(axis=1)), np.array(gradient)

    start = np.array([spread] if direction is None else [spread, 0.0])
    found = minimize(function, start)
    factor, tau = max(found[0] / spread, _LEAST_FACTOR), float(found[1]) if direction is not None else 0.0
    return float(factor), tau


def fit_bias(
    logits: np.ndarray, labels: np.ndarray, weights: np.ndarray, strength: float, free: np.ndarray
) -> np.ndarray:
    """Return a bias per class `[C]` that lowers the weighted NLL plus `strength / (2 M) |b|^2`.

    M is the effective number of images: the strength is the inverse variance of a Gaussian prior of each bias.

    Args:
        logits: corrected logits `[N, C]`.
        labels: rows of class shares `[N, C]`; see `smoothed_labels`.
        weights: weight per image `[N]`.
        strength: of the penalty, above 0.
        free: whether the bias of a class may differ from 0, bool `[C]`.
    """
    share, penalty = weights / weights.sum(), strength / effective_number(weights)

    def function(bias):
        log_p = log_softmax(logits + bias)
        rest = np.exp(log_p) - labels
        value = -float(share @ (labels * log_p).sum(axis=1)) + penalty / 2.0 * float(bias @ bias)
        return value, np.where(free, share @ rest + penalty * bias, 0.0)

    return minimize(function, np.zeros(logits.shape[1]), iterations=200, tolerance=1e-8)
