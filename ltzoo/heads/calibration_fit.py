"""Temperature and share of the class prior that suit given logits and labels, in NumPy float64."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

TARGETS = ("uniform", "data")
_STEPS = 100
_SMALL = 1e-9
_FACTORS = (0.02, 50.0)


class Calibration(NamedTuple):
    """The calibrated logits are factor * logits + share * log prior."""

    factor: float
    share: float


def fit_calibration(
    logits: np.ndarray, labels: np.ndarray, log_prior: np.ndarray, target: str = "uniform"
) -> Calibration:
    """Return the factor s and the share u of the calibrated logits s z + u log(prior).

    They minimize the mean of -w log softmax(s z + u log prior)[y], plus ((s - 1)^2 + u^2) / (2 n), which keeps them
    finite where the images do not tell. This is convex; Newton's method with halved steps finds the minimum.

    - target "data": w is 1. The probabilities hold for images distributed as the given ones, and the most probable
      class is the best guess for top-1 accuracy.
    - target "uniform": w is one over the number of images of the class, so that every class counts the same and the
      most probable class is the best guess for balanced accuracy. This gives the ratio u / s, which decides the
      predictions. The factor that belongs to this ratio is fitted with w = 1, so that the confidence of these
      predictions holds for images distributed as the given ones.

    Args:
        logits: z `[n, C]` of images that their classifier was not trained on.
        labels: classes y `[n]`.
        log_prior: logarithms of the shares of the classes in the training images, `[C]`.
        target: "uniform" or "data".
    """
    logits, labels = np.asarray(logits, np.float64), np.asarray(labels, np.int64)
    if not len(labels):
        return Calibration(1.0, 0.0)
    prior = np.broadcast_to(log_prior, logits.shape)
    equal = np.full(len(labels), 1.0 / len(labels))
    if target == "data":
        return Calibration(*_minimum(np.stack([logits, prior]), labels, equal).tolist())
    weights = 1.0 / np.bincount(labels)[labels]
    factor, share = _minimum(np.stack([logits, prior]), labels, weights / weights.sum())
    scale = float(_minimum((logits + share / factor * prior)[None], labels, equal)[0])
    return Calibration(scale, scale * float(share / factor))


def _minimum(terms, labels, weights):
    """Return the numbers `[k]` that make sum_k numbers_k terms_k `[k, n, C]` most likely; the first one is near 1."""
    terms = terms - terms[:, np.arange(len(labels)), labels][:, :, None]
    start, ridge = np.eye(len(terms))[0], 1.0 / len(labels)
    at, value = start.copy(), _loss(terms, weights, start, start, ridge)
    for _ in range(_STEPS):
        gradient, curvature = _derivatives(terms, weights, at, start, ridge)
        step, length = np.linalg.solve(curvature, gradient), 1.0
        while length > _SMALL:
            new = at - length * step
            new[0] = np.clip(new[0], *_FACTORS)
            new_value = _loss(terms, weights, new, start, ridge)
            if new_value <= value:
                break
            length /= 2
        else:
            break
        moved, at, value = np.abs(new - at).max(), new, new_value
        if moved < _SMALL:
            break
    return at


def _combined(terms, at):
    """Return exponents minus those of the right class, and their maximum per image."""
    combined = np.tensordot(at, terms, axes=1)
    return combined, combined.max(axis=1, keepdims=True)


def _loss(terms, weights, at, start, ridge):
    combined, largest = _combined(terms, at)
    likelihood = largest[:, 0] + np.log(np.exp(combined - largest).sum(axis=1))
    return float(weights @ likelihood + 0.5 * ridge * ((at - start) ** 2).sum())


def _derivatives(terms, weights, at, start, ridge):
    combined, largest = _combined(terms, at)
    probabilities = np.exp(combined - largest)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    means = (terms * probabilities).sum(axis=2)  # [k, n]
    gradient = means @ weights + ridge * (at - start)
    products = np.einsum("anc,bnc,nc,n->ab", terms, terms, probabilities, weights, optimize=True)
    return gradient, products - (means * weights) @ means.T + ridge * np.eye(len(at))
