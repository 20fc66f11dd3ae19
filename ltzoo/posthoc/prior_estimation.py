"""Estimate the class shares of unlabelled images: EM of Saerens et al., BBSE of Lipton et al., RLLS."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ltzoo.arguments import checked
from ltzoo.caller_warnings import warn_caller
from ltzoo.checks import Positive, PositiveInt, one_of
from ltzoo.contracts.labels import check_labels, check_same_length
from ltzoo.posthoc.outputs import as_logits, softmax

METHODS = ("em", "bbse", "rlls")
# From here on, errors of the shares are 100 times those of the predictions.
_CONDITION = 100.0


@dataclasses.dataclass(frozen=True, eq=False)
class PriorEstimate:
    """An estimate of class shares.

    Attributes:
        prior: shares `[C]`, sum 1.
        method: "em", "bbse" or "rlls".
        images: number of unlabelled images.
        iterations: steps of EM; 0 for the others.
        converged: whether EM stopped by itself; True for the others.
        condition: condition number of the matrix P(predicted | true) of BBSE and RLLS, else None.
        negative: sum of the negative shares that were set to 0; large ones say that more than the shares changed.
    """

    prior: np.ndarray
    method: str
    images: int
    iterations: int = 0
    converged: bool = True
    condition: float | None = None
    negative: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers and lists for JSON."""
        finite = self.condition is not None and np.isfinite(self.condition)
        return {
            **dataclasses.asdict(self),
            "prior": self.prior.tolist(),
            "condition": self.condition if finite else None,
        }


@checked
def estimate_prior(
    unlabelled: Any,
    source_prior: Any,
    method: str = "em",
    *,
    held_out: tuple[Any, Any] | None = None,
    outputs: str | None = None,
    iterations: PositiveInt = 2000,
    tolerance: Positive = 1e-8,
) -> PriorEstimate:
    """Estimate the class shares of unlabelled images from a classifier's outputs on them.

    All methods assume label shift: P(image | class) is that of the training, and only the shares of the classes differ.
    No image may be of a class that the classifier does not know.

    - "em" (Saerens, Latinne & Decaestecker, Neural Computation 2002, Eq. 2.9): repeat
      p(c | x) ~ q_c / p_c P(c | x) and q_c = mean of p(c | x), from q = p. It needs calibrated probabilities P under
      the source prior p; `rebalance` calibrates first, as Alexandari et al. (ICML 2020) advise.
    - "bbse" (Lipton, Wang & Smola, ICML 2018, Section 3): solve K q = m, with the matrix K of P(predicted i | true j)
      on held-out images and the shares m of the predictions. It needs no calibration, but an invertible K: held-out
      images of every class, and a condition number below 100.
    - "rlls" (after Azizzadenesheli et al., ICLR 2019, Eq. 6): q = p + t, with t the least of
      |K t - (m - K p)| + D |t|, where D is the size of the sampling errors. It shrinks toward p and takes any K.

    Deviations: BBSE is solved for q and not for w = q / p. The solution is the same, and the condition number does not
    grow with the imbalance. Negative shares become 0. The paper of RLLS shrinks w toward 1 and not q toward p: with
    p of a long tail that holds rare classes at their few training images. D is sqrt(ln(2 C / 0.05)) (1 / sqrt(N) +
    1 / sqrt(M)) / 3 for N held-out and M unlabelled images; the paper's constants are upper bounds.

    Args:
        unlabelled: logits or probabilities `[M, C]` of the unlabelled images.
        source_prior: class shares p `[C]` under which the outputs are right.
        method: "em", "bbse" or "rlls".
        held_out: (outputs `[N, C]`, labels `[N]`) of held-out images, for "bbse" and "rlls".
        outputs: "logits", "probabilities", or None to tell by the values.
        iterations: the most steps of EM.
        tolerance: EM stops when no share changes by more.

    Raises:
        ValueError: an argument is wrong; or K is singular or has a condition number of 100 or more, with "bbse".

    Warns:
        UserWarning: EM did not converge; there are fewer images than classes; or BBSE gave clearly negative shares.
    """
    one_of("method", method, METHODS)
    logits, kind = as_logits(unlabelled, outputs, "unlabelled")
    prior = np.asarray(source_prior, "float64")
    if prior.shape != (logits.shape[1],) or not (prior > 0).all() or abs(prior.sum() - 1) > 1e-6:
        raise ValueError(
            f"`source_prior` must have a share above 0 for each of the {logits.shape[1]} classes, with the sum 1. "
            f"Received: source_prior of shape {prior.shape}"
        )
    if len(logits) < logits.shape[1]:
        warn_caller(
            f"The shares of {logits.shape[1]} classes are estimated from only {len(logits)} unlabelled images."
        )
    if method == "em":
        return _em(softmax(logits), prior, iterations, tolerance)
    if held_out is None or len(held_out) != 2:
        raise ValueError(
            f"`held_out` must be (outputs, labels) for method={method!r}. Received: held_out={held_out!r:.100}"
        )
    known, _ = as_logits(held_out[0], outputs or kind, "held_out[0]", logits.shape[1])
    labels = check_labels(held_out[1], logits.shape[1], "held_out[1]")
    check_same_length(known, labels, "held_out[0]", "held_out[1]")
    confusion = _confusion(known.argmax(axis=1), labels, logits.shape[1], need_all=method == "bbse")
    shares = np.bincount(logits.argmax(axis=1), minlength=logits.shape[1]) / len(logits)
    return (_bbse if method == "bbse" else _rlls)(confusion, shares, prior, len(known), len(logits))


def _em(probabilities, prior, iterations, tolerance):
    shares = prior.copy()
    for done in range(1, iterations + 1):
        adjusted = probabilities * (shares / prior)
        adjusted /= adjusted.sum(axis=1, keepdims=True)
        new = adjusted.mean(axis=0)
        change, shares = np.abs(new - shares).max(), new
        if change <= tolerance:
            return PriorEstimate(shares, "em", len(probabilities), done)
    warn_caller(
        f"EM has not converged after {iterations} steps: the last changed a share by {change:.2g}. Few or "
        "very uncertain images do that; the shares are those of the last step."
    )
    return PriorEstimate(shares, "em", len(probabilities), iterations, converged=False)


def _confusion(predicted, labels, num_classes, need_all):
    """Return P(predicted i | true j) `[C, C]`; a class without images counts as recognized."""
    counts = np.bincount(predicted * num_classes + labels, minlength=num_classes**2).reshape(num_classes, -1)
    total = counts.sum(axis=0)
    missing = np.flatnonzero(total == 0)
    if need_all and missing.size:
        raise ValueError(
            '`held_out` must have images of every class for method="bbse"; use "em" or "rlls". '
            f"Received: none of {missing.size} classes, first class {missing[0]}"
        )
    matrix = counts / np.maximum(total, 1)
    matrix[missing, missing] = 1.0
    return matrix


def _bbse(confusion, shares, prior, known, images):
    condition = float(np.linalg.cond(confusion))
    if not condition < _CONDITION:
        raise ValueError(
            f"`held_out` must show a classifier that tells the classes apart: for BBSE the matrix of P(predicted | "
            f'true) needs a condition number below {_CONDITION:g}; use "em" or "rlls". '
            f"Received: a condition number of {condition:.3g}"
        )
    raw = np.linalg.solve(confusion, shares)
    return _positive(raw, "bbse", images, condition)


def _rlls(confusion, shares, prior, known, images):
    size = np.sqrt(np.log(2.0 * len(prior) / 0.05)) * (known**-0.5 + images**-0.5) / 3.0
    left, values, right = np.linalg.svd(confusion)
    aim = left.T @ (shares - confusion @ prior)

    def solution(ridge):
        return values * aim / (values**2 + ridge)

    def excess(ridge):  # Its root solves the problem of the norms, whose gradient it is.
        step = solution(ridge)
        return ridge * np.linalg.norm(step) - size * np.linalg.norm(values * step - aim)

    low, high = 1e-12, 1e6
    if np.linalg.norm(values * aim) <= size * np.linalg.norm(aim):
        step = np.zeros_like(aim)  # All differences may be sampling errors.
    else:
        for _ in range(200):
            middle = np.sqrt(low * high)
            low, high = (middle, high) if excess(middle) < 0 else (low, middle)
        step = solution(high)
    return _positive(prior + right.T @ step, "rlls", images, float(np.linalg.cond(confusion)))


def _positive(raw, method, images, condition):
    negative = float(np.maximum(-raw, 0.0).sum())
    if negative > 0.1:
        warn_caller(
            f"{method.upper()} found negative shares with the sum {-negative:.2f}: the images differ from the "
            "training's in more than the shares of the classes, or there are too few."
        )
    shares = np.maximum(raw, 0.0)
    return PriorEstimate(shares / shares.sum(), method, images, condition=condition, negative=negative)
