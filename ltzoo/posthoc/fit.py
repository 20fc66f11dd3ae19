"""Fit a correction on held-out logits, no more complex than cross-validation supports."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ltzoo.checks import one_of
from ltzoo.posthoc.correction import EXCLUDED, Correction
from ltzoo.posthoc.objective import (
    fit_bias,
    fit_scalars,
    importance_weights,
    negative_log_likelihood,
    smoothed_labels,
)

OBJECTIVES = ("nll", "accuracy")
FOLDS = 5
_LEAST_IMAGES = 10
_STRENGTHS = (100.0, 10.0, 1.0)
_SHARES = np.round(np.arange(-0.5, 2.501, 0.05), 2)
_Fit = Callable[[np.ndarray, np.ndarray, np.ndarray], Correction]


class _Trial(NamedTuple):
    fit: _Fit
    out_of_fold: np.ndarray
    loss: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Fitted:
    """A correction, and what held-out images say of it.

    Attributes:
        correction: fitted on all images.
        out_of_fold: logits `[N, C]`, each image corrected by a fit without its fold: what the correction does to new
            images.
        scores: cross-validated objective per candidate: NLL, or accuracy with `objective="accuracy"`.
    """

    correction: Correction
    out_of_fold: np.ndarray
    scores: dict[str, float]


def fit_correction(
    logits: np.ndarray,
    labels: np.ndarray,
    log_prior: np.ndarray,
    target: np.ndarray,
    *,
    bias: bool = False,
    objective: str = "nll",
    seed: int = 0,
) -> Fitted:
    """Fit temperature T, share tau of the prior and, if asked, a bias b per class.

    The corrected logits are `z / T - tau log p + log q + b` with the training prior p and the target prior q. All
    numbers minimize the NLL of the held-out images, weighted so that their classes have the shares q: the likelihood
    under the target prior. With `objective="accuracy"` tau maximizes the accuracy at the target prior instead (the
    balanced accuracy, for a uniform one), among 61 values from -0.5 to 2.5; of equal ones the nearest to the tau of the
    NLL.

    Candidates are "none", "temperature", "prior" and "bias" (with the best of three strengths of its penalty), each
    with more numbers than the last. A candidate must be better than the simpler ones over five stratified folds; the
    bias by more than one standard error of the paired differences. Fewer than 10 images change nothing. Labels are
    smoothed a little (`smoothed_labels`). So a few images never buy many numbers, or endless confidence.

    Args:
        logits: held-out logits z `[N, C]`.
        labels: class indices `[N]`, all of classes with a target share above 0.
        log_prior: log p `[C]`.
        target: q `[C]`, sums to 1; a class with share 0 is excluded.
        bias: also try a bias per class.
        objective: "nll" or "accuracy".
        seed: chooses the folds.
    """
    one_of("objective", objective, OBJECTIVES)
    weights = importance_weights(labels, target)
    folds = stratified_folds(labels, FOLDS, seed)

    def tried(candidate: _Fit) -> _Trial:
        out_of_fold = _cross_validated(candidate, logits, labels, target, folds)
        if objective == "nll":
            return _Trial(candidate, out_of_fold, weights * negative_log_likelihood(out_of_fold, labels))
        return _Trial(candidate, out_of_fold, weights * (out_of_fold.argmax(axis=1) != labels))

    candidates = _candidates(log_prior, target, objective)
    if not bias:
        del candidates["bias"]
    best = tried(candidates.pop("none")[0])
    scores = {"none": best.loss.mean()}
    for name, versions in candidates.items() if len(labels) >= _LEAST_IMAGES else ():
        trial = min(map(tried, versions), key=lambda one: one.loss.mean())
        scores[name] = trial.loss.mean()
        gain = best.loss - trial.loss
        doubt = gain.std(ddof=1) / np.sqrt(len(gain)) if name == "bias" else 0.0
        if gain.mean() > doubt:
            best = trial
    shown = {name: float(loss if objective == "nll" else 1.0 - loss) for name, loss in scores.items()}
    return Fitted(best.fit(logits, labels, weights), best.out_of_fold, shown)


def stratified_folds(labels: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """Return the fold of each image, int64 `[N]`; every class is spread as evenly as can be."""
    rng, fold, dealt = np.random.default_rng(seed), np.empty(len(labels), "int64"), 0
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        fold[members] = (dealt + np.arange(len(members))) % folds
        dealt += len(members)
    return fold


def _cross_validated(fit: _Fit, logits, labels, target, folds):
    result = np.empty_like(logits)
    for fold in np.unique(folds):
        inside, outside = folds == fold, folds != fold
        if not outside.any():
            outside = inside  # One image: nothing else to learn from.
        weights = importance_weights(labels[outside], target)
        result[inside] = fit(logits[outside], labels[outside], weights).apply(logits[inside])
    return result


def _candidates(log_prior, target, objective) -> dict[str, list[_Fit]]:
    """Return the candidates by name, the simplest first; of several versions the best over the folds counts."""
    allowed = target > 0
    excluded = np.where(allowed, 0.0, EXCLUDED)
    # A common number in all logits means nothing; without it the shift is small.
    log_target = np.log(np.where(allowed, target, 1.0))
    log_target = np.where(allowed, log_target - log_target[allowed].mean(), EXCLUDED)
    direction = np.where(allowed, log_prior - log_prior[allowed].mean(), 0.0)

    def nothing(logits, labels, weights):
        return Correction(1.0, 0.0, excluded, "none")

    def temperature(logits, labels, weights):
        soft = smoothed_labels(labels, weights, target)
        factor, _ = fit_scalars(logits, soft, weights, None, excluded)
        return Correction(1.0 / factor, 0.0, excluded, "temperature")

    def prior(logits, labels, weights):
        soft = smoothed_labels(labels, weights, target)
        factor, tau = fit_scalars(logits, soft, weights, direction, log_target)
        if objective == "accuracy":
            tau = _most_accurate(logits * factor + log_target, direction, labels, weights, tau)
            factor, _ = fit_scalars(logits, soft, weights, None, log_target - tau * direction)
        return Correction(1.0 / factor, tau, log_target - tau * direction)

    def biased(strength):
        def fit(logits, labels, weights):
            basis = prior(logits, labels, weights)
            present = np.bincount(labels, minlength=len(target)) > 0
            soft = smoothed_labels(labels, weights, target)
            extra = fit_bias(basis.apply(logits), soft, weights, strength, present & allowed)
            return dataclasses.replace(basis, shift=basis.shift + extra, steps="bias")

        return fit

    named: dict[str, list[_Fit]] = {"none": [nothing]}
    if objective == "nll":  # A temperature changes no prediction.
        named["temperature"] = [temperature]
    return {**named, "prior": [prior], "bias": [biased(strength) for strength in _STRENGTHS]}


def _most_accurate(shifted, direction, labels, weights, nearest):
    right = [float(weights @ ((shifted - tau * direction).argmax(axis=1) == labels)) for tau in _SHARES]
    best = _SHARES[np.isclose(right, max(right), rtol=0, atol=1e-9 * len(labels))]
    return float(best[np.argmin(np.abs(best - nearest))])
