"""Confidence intervals of accuracies: by the bootstrap, and Wilson's for a share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ltzoo.class_counts import ClassCounts
from ltzoo.metrics.resampled_accuracy import MEASURES, WeightedMeasures
from ltzoo.metrics.resampling import Resampling

LEVEL = 0.95
_NORMAL = 1.959963984540054  # 97.5 % of a normal distribution lie below.


def wilson_interval(
    successes: np.ndarray | Sequence[int] | int, total: np.ndarray | Sequence[int] | int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the 95 % interval of a share (Wilson, 1927).

    (p + z²/2n ± z sqrt(p (1 - p) / n + z²/4n²)) / (1 + z²/n) with p = successes / n and z = 1.96. It stays within 0..1,
    and is not a single point where p is 0 or 1.

    Args:
        successes: number of successes, at most n.
        total: number of trials n.

    Returns:
        (lower, upper) bounds, float64 in the shape of the arguments; NaN where n = 0.
    """
    k, n = np.asarray(successes, "float64"), np.asarray(total, "float64")
    with np.errstate(divide="ignore", invalid="ignore"):
        p, z = k / n, _NORMAL
        center = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return np.where(k <= 0, center * 0, center - half), np.where(k >= n, center * 0 + 1, center + half)


def bootstrap_intervals(
    labels: np.ndarray,
    predicted: np.ndarray,
    num_classes: int,
    class_counts: Sequence[int] | np.ndarray | None = None,
    groups: np.ndarray | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, tuple[float, float]]:
    """Return 95 % intervals of top-1, balanced, many, medium and few-shot accuracy and macro F1.

    They are the 2.5 and 97.5 percentiles over the resamples of a stratified bootstrap; see `Resampling`. A measure that
    is 0 or 1 in all resamples, since all its images are wrong or right, has Wilson's interval of their number instead
    (of the number of groups, where there are groups). The intervals hold for other test images from the same source,
    with this classifier as trained; they know nothing of another training.

    Args:
        labels: true classes [N].
        predicted: predicted classes [N].
        num_classes: number of classes C.
        class_counts: training images per class [C]; without them the shot groups have no intervals.
        groups: integers [N], equal for images that belong together, such as those of one animal; or None.
        resamples: number of resamples.
        seed: the same seed gives the same intervals.

    Returns:
        (lower, upper) by name, as fractions; NaN for a measure without images.
    """
    shots, members = shot_numbers(class_counts, num_classes)
    order = np.lexsort((predicted, labels))
    labels, predicted = np.asarray(labels)[order], np.asarray(predicted)[order]
    groups = None if groups is None else np.asarray(groups)[order]
    resampling = Resampling(labels, shots, groups, resamples=resamples, seed=seed)
    measures = WeightedMeasures(labels, predicted, members, resampling.collapsed)
    parts = [measures.of(weights) for weights in resampling.weights()]
    found = {}
    for name in MEASURES:
        values = np.concatenate([part[name] for part in parts])
        values = values[~np.isnan(values)]
        if not len(values):
            found[name] = (np.nan, np.nan)
        elif values.min() == values.max() and values.min() in (0.0, 1.0):
            chosen = np.isin(labels, members[name]) if name in members else np.ones(len(labels), bool)
            units = chosen.sum() if groups is None else len(np.unique(groups[chosen]))
            found[name] = tuple(float(bound) for bound in wilson_interval(values[0] * units, units))
        else:
            low, high = np.percentile(values, [100 * (1 - LEVEL) / 2, 100 * (1 + LEVEL) / 2])
            found[name] = (float(low), float(high))
    return found


def shot_numbers(
    class_counts: Sequence[int] | np.ndarray | None, num_classes: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the number of each class's shot group [C], and the classes of each group; none without class counts."""
    shots = np.zeros(num_classes, "int64")
    if class_counts is None:
        return shots, {name: np.zeros(0, "int64") for name in ("many", "medium", "few")}
    members = ClassCounts(class_counts).groups
    for number, classes in enumerate(members.values()):
        shots[classes] = number
    return shots, members
