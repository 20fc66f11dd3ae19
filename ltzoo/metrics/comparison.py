"""Comparison of classifiers on the same images: differences with intervals, and which of them chance explains."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ltzoo.checks import integer
from ltzoo.contracts.labels import check_labels
from ltzoo.metrics.intervals import shot_numbers
from ltzoo.metrics.paired_tests import LEAST_DISCORDANT, bootstrap_p_value, holm, mcnemar
from ltzoo.metrics.prediction_files import read_predictions
from ltzoo.metrics.predictions import Predictions
from ltzoo.metrics.resampled_accuracy import MEASURES, WeightedMeasures
from ltzoo.metrics.resampling import Resampling

ALPHA = 0.05
SAME = "cannot be told apart"
_LEAST_PROBABILITY = 1e-15
_TESTED = ("top1", "many", "medium", "few")


@dataclasses.dataclass(frozen=True)
class Difference:
    """The difference of one measure between a classifier and the baseline.

    Attributes:
        baseline, value: the measure of the baseline and of the classifier.
        difference: value - baseline.
        low, high: 95 % interval of the difference, by a paired stratified bootstrap.
        images: images behind the measure.
        gained, lost: of these, images that only the classifier, or only the baseline, has right.
        mcnemar_p: exact p-value of McNemar's test on them; NaN for measures that are no share of images, and for
            images in groups, which the test takes for independent.
        p_value: the larger of McNemar's and the bootstrap's.
        adjusted_p: `p_value` after Holm's correction for the number of classifiers.
        verdict: "better", "worse" or "cannot be told apart".
    """

    baseline: float
    value: float
    difference: float
    low: float
    high: float
    images: int
    gained: int
    lost: int
    mcnemar_p: float
    p_value: float
    adjusted_p: float
    verdict: str


def compare(
    runs: Mapping[str, Predictions | str | os.PathLike],
    class_counts: Sequence[int] | np.ndarray | None = None,
    *,
    num_classes: int | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, dict[str, Difference]]:
    """Compare classifiers with the first one, image by image.

    Measures are top-1, balanced, many, medium and few-shot accuracy, macro F1 and negative log likelihood. Both
    classifiers are measured on the same resamples, drawn as in `bootstrap_intervals`, so what is hard for both cancels
    out. A difference is told apart from chance if its p-value is below 0.05 after Holm's correction for the number of
    classifiers, separately for each measure; accuracies must also pass McNemar's test. Differences that fewer than six
    images make are never told apart. All this is about other images; another training with another seed may differ.

    Args:
        runs: predictions by name, or the file or folder with a `predictions.csv`; the first is the baseline.
        class_counts: training images per class, for the shot groups; without them these have no differences.
        num_classes: number of classes; default: that of `class_counts`, or the largest label and prediction.
        resamples: number of resamples.
        seed: the same seed gives the same intervals.

    Returns:
        `Difference` by measure, by name of the classifier, without the baseline.

    Raises:
        OSError: a file cannot be read.
        ValueError: there are fewer than two runs, or they were measured on different images.
    """
    resamples = integer("resamples", resamples, 100)
    if len(runs) < 2:
        raise ValueError(f"`runs` must hold two classifiers or more. Received: {len(runs)}")
    if num_classes is None and class_counts is not None:
        num_classes = len(class_counts)
    opened = {name: _opened(run, num_classes) for name, run in runs.items()}
    baseline, *others = opened
    aligned = {name: _aligned(opened[baseline], opened[name], baseline, name) for name in opened}
    labels, groups = opened[baseline].labels, opened[baseline].groups
    largest = 1 + max(int(max(p.labels.max(), p.predicted.max())) for p in aligned.values())
    classes = largest if num_classes is None else num_classes
    check_labels(labels, classes)
    paired = _Paired(labels, groups, classes, class_counts, resamples, seed)
    measured = {name: paired.measure(aligned[name]) for name in opened}
    found = {name: paired.differences(measured[baseline], measured[name]) for name in others}
    return _adjusted(found)


class _Paired:
    """The images and resamples that all classifiers share."""

    def __init__(self, labels, groups, num_classes, class_counts, resamples, seed):
        self.order = np.argsort(labels, kind="stable")
        self.labels = labels[self.order]
        self.groups = None if groups is None else groups[self.order]
        shots, self.members = shot_numbers(class_counts, num_classes)
        drawn = {"resamples": resamples, "seed": seed}
        self.resampling = Resampling(self.labels, shots, self.groups, **drawn)

    def measure(self, predictions):
        """Return whether each image is right, the measures, and the measures of every resample."""
        predicted = predictions.predicted[self.order]
        nll = -np.log(np.maximum(predictions.true_probability[self.order], _LEAST_PROBABILITY))
        measures = WeightedMeasures(self.labels, predicted, self.members, self.resampling.collapsed)

        def of(weights):
            found = measures.of(weights)
            return {**found, "nll": weights @ nll / weights.sum(axis=1)}

        parts = [of(weights) for weights in self.resampling.weights()]
        resampled = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        whole = of(np.ones((1, len(self.labels)), "float32"))
        return predicted == self.labels, {name: float(value[0]) for name, value in whole.items()}, resampled

    def differences(self, first, second):
        """Return a `Difference` for each measure, not adjusted yet."""
        return {name: self._difference(name, first, second) for name in (*MEASURES, "nll")}

    def _difference(self, name, first, second):
        chosen = np.ones(len(self.labels), bool)
        if name in self.members:
            chosen = np.isin(self.labels, self.members[name])
        gained, lost = chosen & second[0] & ~first[0], chosen & first[0] & ~second[0]
        values = second[2][name] - first[2][name]
        values = values[~np.isnan(values)]
        low = high = p_value = exact = math.nan
        if len(values):
            low, high = (float(bound) for bound in np.percentile(values, [2.5, 97.5]))
            p_value = bootstrap_p_value(values)
            if name in _TESTED and self.groups is None:
                exact = mcnemar(int(lost.sum()), int(gained.sum()))
                p_value = max(p_value, exact)
            if name != "nll" and self._units(gained | lost) < LEAST_DISCORDANT:
                p_value = 1.0
        return Difference(
            baseline=first[1][name], value=second[1][name], difference=second[1][name] - first[1][name],
            low=low, high=high, images=int(chosen.sum()), gained=int(gained.sum()), lost=int(lost.sum()),
            mcnemar_p=exact, p_value=p_value, adjusted_p=p_value, verdict=SAME,
        )  # fmt: skip

    def _units(self, chosen):
        return int(chosen.sum()) if self.groups is None else len(np.unique(self.groups[chosen]))


def _adjusted(found):
    """Correct the p-values of each measure for the number of classifiers, and judge."""
    done: dict[str, dict[str, Difference]] = {name: {} for name in found}
    for measure in (*MEASURES, "nll"):
        values = holm([rows[measure].p_value for rows in found.values()])
        for (name, rows), value in zip(found.items(), values, strict=True):
            row = rows[measure]
            verdict = SAME
            if value < ALPHA and row.difference:
                verdict = "better" if (row.difference < 0) == (measure == "nll") else "worse"
            done[name][measure] = dataclasses.replace(row, adjusted_p=value, verdict=verdict)
    return done


def _opened(run, num_classes):
    if isinstance(run, Predictions):
        return run
    path = Path(run).expanduser()
    return read_predictions(path / "predictions.csv" if path.is_dir() else path, num_classes)


def _aligned(first, second, baseline, name):
    """Return the predictions of `second` in the order of the images of `first`."""
    words = f"the images of {baseline!r}, and {name!r} was measured on others"
    if len(first) != len(second):
        raise ValueError(f"`runs` must share {words}. Received: {len(first):,} images and {len(second):,}")
    if first.images == second.images:
        order = np.arange(len(first))
    else:
        if first.images is None or second.images is None:
            raise ValueError(
                f"`runs` must all name their images, or none. Received: {baseline!r} and {name!r}"
            )
        places = {image: place for place, image in enumerate(second.images)}
        missing = next((image for image in first.images if image not in places), None)
        if missing is not None or len(places) < len(second):
            raise ValueError(f"`runs` must share {words}. Received: {missing or 'an image twice'!r}")
        order = np.array([places[image] for image in first.images])
    if (first.labels != second.labels[order]).any():
        place = int(np.flatnonzero(first.labels != second.labels[order])[0])
        labels = f"{int(first.labels[place])} and {int(second.labels[order][place])}"
        raise ValueError(f"`runs` must share {words}. Received: labels {labels} of image {place}")
    return dataclasses.replace(second.at(order), images=first.images, groups=first.groups)
