"""Temperature and share of the class prior that suit given logits and labels, in NumPy float64."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

TARGETS = ("uniform", "data")
_STEPS = 100
_SMALL = 1e-9
_FACTORS = (0.02, 50.0)


class Calibration(NamedTuple):
    """The calibrated logits are factor * logits + share * log prior.

    For several classifiers, `factor` is one number per classifier, and their products are added.
    """

    factor: Any
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

    Logits z_1, ..., z_k of several classifiers are combined: s z is then sum_j s_j z_j, which is "stacking" (Wolpert,
    1992). A classifier is left out, with s_j = 0, if its s_j would be negative (Breiman, Machine Learning 1996). The
    first one stays. The spreads of all logits are made equal for the fit, and s_2, ..., s_k are drawn to 0.

    Args:
        logits: z `[n, C]` of images that their classifier was not trained on, or `[k, n, C]` for k classifiers.
        labels: classes y `[n]`.
        log_prior: logarithms of the shares of the classes in the training images, `[C]`.
        target: "uniform" or "data".
    """
    logits, labels = np.asarray(logits, np.float64), np.asarray(labels, np.int64)
    if logits.ndim == 2:
        factors, share = fit_calibration(logits[None], labels, log_prior, target)
        return Calibration(float(factors[0]), share)
    factors = np.eye(len(logits))[0]
    if not len(labels):
        return Calibration(factors, 0.0)
    spreads = np.maximum(logits.std(axis=(1, 2)), _SMALL)
    relative = spreads / spreads[0]
    kept = list(range(len(logits)))
    while True:
        terms = np.stack([logits[number] / relative[number] for number in kept])
        found, share = _fit(terms, labels, log_prior, target)
        if len(kept) == 1 or found[1:].min() >= 0:
            break
        del kept[1 + int(found[1:].argmin())]
    factors[kept] = found / relative[kept]
    return Calibration(factors, share)


def _fit(terms, labels, log_prior, target):
    """Return the factors of logits `[k, n, C]` and the share of the prior."""
    prior = np.broadcast_to(log_prior, terms.shape[1:])
    equal = np.full(len(labels), 1.0 / len(labels))
    weights = 1.0 / np.bincount(labels)[labels]
    weights = equal if target == "data" else weights / weights.sum()
    found = _minimum(np.concatenate([terms, prior[None]]), labels, weights)
    if target == "data":
        return found[:-1], float(found[-1])
    found = found / found[0]
    combined = np.tensordot(found[:-1], terms, axes=1) + found[-1] * prior
    scale = float(_minimum(combined[None], labels, equal)[0])
    return scale * found[:-1], scale * float(found[-1])


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
