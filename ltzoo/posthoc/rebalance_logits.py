"""Fit a correction on held-out logits and report what it does."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ltzoo.class_counts import ClassCounts
from ltzoo.contracts.labels import check_labels, check_same_length
from ltzoo.posthoc.class_masks import class_mask
from ltzoo.posthoc.correction import Correction
from ltzoo.posthoc.fit import fit_correction
from ltzoo.posthoc.measures import Measures, compare
from ltzoo.posthoc.objective import effective_number
from ltzoo.posthoc.outputs import as_logits, softmax
from ltzoo.posthoc.prior_estimation import PriorEstimate, estimate_prior
from ltzoo.posthoc.priors import restricted, target_prior
from ltzoo.posthoc.report import Report


@dataclasses.dataclass(frozen=True, eq=False)
class Rebalanced:
    """A fitted correction of a classifier.

    Attributes:
        correction: the numbers; see `Correction`.
        target: class shares `[C]` that the corrected probabilities assume.
        outputs: the kind of outputs that were given: "logits" or "probabilities".
        report: what the correction does to held-out images, out of fold.
        estimate: how the target was estimated, or None.
        out_of_fold: corrected logits `[N, C]` of the held-out images, each by a fit without its fold. Prediction sets
            and thresholds may be calibrated on them.
        labels: class indices `[N]` of these images.
        model: the corrected model, of the same kind as the given one; None for logits.
    """

    correction: Correction
    target: np.ndarray
    outputs: str
    report: Report
    estimate: PriorEstimate | None
    out_of_fold: np.ndarray
    labels: np.ndarray
    model: Any = None

    def apply(self, outputs: Any) -> np.ndarray:
        """Return corrected logits float64 `[N, C]` of outputs of the kind that was given."""
        logits, _ = as_logits(outputs, self.outputs, "outputs", len(self.target))
        return self.correction.apply(logits)

    def probabilities(self, outputs: Any) -> np.ndarray:
        """Return corrected probabilities float64 `[N, C]` of outputs of the kind that was given."""
        return softmax(self.apply(outputs))

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers and lists for JSON."""
        return {
            "correction": self.correction.to_dict(),
            "target": self.target.tolist(),
            "outputs": self.outputs,
            "report": self.report.to_dict(),
            "estimate": None if self.estimate is None else self.estimate.to_dict(),
        }


def rebalance_logits(
    outputs: Any,
    labels: Any,
    counts: ClassCounts,
    *,
    prior: str | Sequence[float] | np.ndarray | Mapping[str, float] = "uniform",
    unlabelled: Any = None,
    estimator: str = "em",
    classes: Iterable[str | int] | None = None,
    class_names: Sequence[str] | None = None,
    bias: bool = False,
    objective: str = "nll",
    kind: str | None = None,
    seed: int = 0,
) -> Rebalanced:
    """Fit a correction on outputs of held-out images; the arguments are those of `ltzoo.posthoc.rebalance`."""
    logits, kind = as_logits(outputs, kind, "outputs", len(counts))
    labels = check_labels(labels, len(counts), class_names=class_names)
    check_same_length(logits, labels, "outputs", "labels")
    allowed, notes, estimate = class_mask(classes, len(counts), class_names), [], None
    fit = {"bias": bias, "objective": objective, "seed": seed}
    log_prior = np.log(counts.prior)
    if isinstance(prior, str) and prior == "estimate":
        if unlabelled is None:
            raise ValueError(
                '`unlabelled` must be images or outputs to estimate the prior from. Received: prior="estimate", '
                "unlabelled=None"
            )
        estimate = _estimated(logits, labels, counts, unlabelled, kind, estimator, seed)
        # EM drives the share of a class that it does not see to 0, which would exclude the class for ever.
        target = np.maximum(estimate.prior, 1.0 / (len(counts) * (estimate.images + 1)))
        target /= target.sum()
    else:
        if unlabelled is not None:
            raise ValueError(
                f'`unlabelled` must be None unless prior="estimate". Received: prior={prior!r:.60}'
            )
        target = target_prior(prior, counts, class_names)
    target = restricted(target, allowed)
    inside = target[labels] > 0
    if not inside.any():
        raise ValueError(
            "`labels` must hold images of the classes that may be predicted. Received: only images of others"
        )
    if not inside.all():
        notes.append(f"{np.count_nonzero(~inside)} held-out images of excluded classes were left out.")
        logits, labels = logits[inside], labels[inside]
    fitted = fit_correction(logits, labels, log_prior, target, **fit)
    notes = [_summary(fitted.correction, fitted.scores), *notes, *_limits(labels, target)]
    before = Measures(logits, labels, counts, target)
    after = Measures(fitted.out_of_fold, labels, counts, target)
    report = Report(len(labels), tuple(notes), fitted.scores, compare(before, after, labels, counts, seed))
    return Rebalanced(fitted.correction, target, kind, report, estimate, fitted.out_of_fold, labels)


def _estimated(logits, labels, counts, unlabelled, kind, estimator, seed):
    new, _ = as_logits(unlabelled, kind, "unlabelled", len(counts))
    calibrated = fit_correction(logits, labels, np.log(counts.prior), counts.prior, seed=seed)
    return estimate_prior(
        calibrated.correction.apply(new),
        counts.prior,
        estimator,
        held_out=(calibrated.out_of_fold, labels),
        outputs="logits",
    )


def _summary(correction, scores):
    if correction.steps == "none":
        return "Nothing was changed: no correction is better in cross-validation."
    shares = f", {100 * correction.prior_share:.0f} % of the log prior taken out" * (
        correction.steps != "temperature"
    )
    bias = ", a bias per class" * (correction.steps == "bias")
    return f"Fitted: temperature {correction.temperature:.3f}{shares}{bias}. Figures after it are cross-validated."


def _limits(labels, target):
    held = np.bincount(labels, minlength=len(target))
    missing = int(np.count_nonzero((held == 0) & (target > 0)))
    weights = (target / np.maximum(held, 1))[labels]
    effective = effective_number(weights)
    if missing:
        yield f"{missing} classes have no held-out image: nothing here says how they fare."
    if effective < 0.5 * len(labels):
        yield f"At the target prior the {len(labels)} images count as {effective:.0f}."
