"""What held-out images say of a classifier before and after a correction, with bootstrap intervals."""

from __future__ import annotations

import math

import numpy as np

from ltzoo.class_counts import ClassCounts
from ltzoo.posthoc.outputs import log_softmax

RESAMPLES = 500
_BINS = 15
_LEVEL = (2.5, 97.5)

ROWS = {
    "top1": "Top-1 accuracy, images as they are",
    "target": "Accuracy at the target prior",
    "balanced": "Balanced accuracy",
    "many": "Many-shot accuracy",
    "medium": "Medium-shot accuracy",
    "few": "Few-shot accuracy",
    "ece": "Calibration error at the target prior",
    "nll": "Negative log likelihood at the target prior",
}
LOWER_IS_BETTER = ("ece", "nll")


class Measures:
    """Measures of logits on labeled images, for all images or for resamples of them.

    Accuracies of classes and groups are means over the classes, as in `ltzoo.metrics.Result`. Accuracy, calibration
    error (15 equal bins of confidence) and NLL "at the target prior" weight the images so that their classes have the
    target's shares.

    Args:
        logits: `[N, C]`.
        labels: class indices `[N]`.
        counts: training images per class, for the groups.
        target: class shares `[C]`.
    """

    def __init__(self, logits: np.ndarray, labels: np.ndarray, counts: ClassCounts, target: np.ndarray):
        log_p = log_softmax(logits)
        predicted = log_p.argmax(axis=1)
        self._labels = labels
        self._right = (predicted == labels).astype("float64")
        self._confidence = np.exp(log_p.max(axis=1))
        self._nll = -log_p[np.arange(len(labels)), labels]
        # A confidence on an edge belongs to the bin below, as in `ltzoo.metrics.calibration_bins`.
        edges = np.linspace(0.0, 1.0, _BINS + 1)
        position = np.searchsorted(edges, np.minimum(self._confidence, 1.0), side="left") - 1
        self._bin = np.maximum(position, 0)
        self._target, self._groups = target, counts.groups

    def of(self, chosen: np.ndarray) -> dict[str, float]:
        """Return the measures of the images at `chosen` (positions `[M]`, repeats allowed), by the keys of `ROWS`."""
        labels, right = self._labels[chosen], self._right[chosen]
        classes = len(self._target)
        total = np.bincount(labels, minlength=classes)
        per_class = np.bincount(labels, right, classes) / np.where(total > 0, total, np.nan)
        weights = (self._target / np.maximum(total, 1))[labels]
        weights = weights / weights.sum()
        bins = self._bin[chosen]
        gap = np.bincount(bins, weights * (right - self._confidence[chosen]), _BINS)
        groups = {name: _mean(per_class[members]) for name, members in self._groups.items()}
        return {
            "top1": float(right.mean()),
            "target": float(weights @ right),
            "balanced": _mean(per_class),
            **groups,
            "ece": float(np.abs(gap).sum()),
            "nll": float(weights @ self._nll[chosen]),
        }


def compare(before: Measures, after: Measures, labels: np.ndarray, counts: ClassCounts, seed: int) -> dict:
    """Return for each measure: before, after and their difference, each with a 95 % interval, and the images behind it.

    The intervals are percentiles of 500 stratified resamples: each draws as many images of a class as there are. Before
    and after share the resamples, so the interval of the difference is that of a paired comparison. Classes with one
    held-out image do not vary; the intervals of groups with few images are too narrow by that.
    """
    rng, everything = np.random.default_rng(seed), np.arange(len(labels))
    order = np.argsort(labels, kind="stable")
    total = np.bincount(labels, minlength=len(counts))
    start, size = np.repeat((np.cumsum(total) - total)[total > 0], total[total > 0]), total[labels[order]]
    found = {"before": before.of(everything), "after": after.of(everything)}
    drawn: dict[str, list[dict[str, float]]] = {"before": [], "after": []}
    for _ in range(RESAMPLES):
        chosen = order[start + (rng.random(len(order)) * size).astype("int64")]
        drawn["before"].append(before.of(chosen))
        drawn["after"].append(after.of(chosen))
    in_group = {name: int(total[members].sum()) for name, members in counts.groups.items()}
    rows = {}
    for key in ROWS:
        samples = {side: np.array([one[key] for one in drawn[side]]) for side in drawn}
        samples["difference"] = samples["after"] - samples["before"]
        values = {**{side: found[side][key] for side in found}}
        values["difference"] = values["after"] - values["before"]
        rows[key] = {
            side: [values[side], *np.percentile(samples[side], _LEVEL).tolist()]
            if not math.isnan(values[side])
            else [math.nan] * 3
            for side in values
        }
        rows[key]["images"] = in_group.get(key, len(labels))
    return rows


def _mean(values):
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else math.nan
