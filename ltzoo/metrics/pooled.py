"""Measurements of all images of several folds together."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from ltzoo.class_counts import ClassCounts
from ltzoo.metrics.calibration import calibration_bins, calibration_errors
from ltzoo.metrics.intervals import bootstrap_intervals, shot_numbers
from ltzoo.metrics.per_class import recalls
from ltzoo.metrics.predictions import Predictions
from ltzoo.metrics.result import Result


def join_predictions(parts: Sequence[Predictions]) -> Predictions:
    """Return the predictions of several sets of images as one; names and groups only if all have them."""
    top = min(part.classes.shape[1] for part in parts)
    groups = [part.groups for part in parts]
    names = [part.images for part in parts]
    return Predictions(
        labels=np.concatenate([part.labels for part in parts]),
        classes=np.concatenate([part.classes[:, :top] for part in parts]),
        probabilities=np.concatenate([part.probabilities[:, :top] for part in parts]),
        true_probability=np.concatenate([part.true_probability for part in parts]),
        images=None if None in names else tuple(name for part in names for name in part or ()),
        groups=None
        if any(part is None for part in groups)
        else np.concatenate([p for p in groups if p is not None]),
    )


def pooled_result(
    predictions: Predictions,
    results: Sequence[Result],
    class_counts: Sequence[int] | np.ndarray,
    class_names: Sequence[str],
) -> Result:
    """Measure the joined predictions of several folds, as if one classifier had made them.

    Accuracies, F1 and their intervals, calibration by confidence and likelihood are those of all images together. The
    Brier score is the mean of the folds', weighted by their images, which is the same. The class-wise calibration error
    needs all probabilities and is NaN.

    Args:
        predictions: of all images, see `join_predictions`.
        results: the `Result` of each fold.
        class_counts: training images per class [C] of the data as a whole.
        class_names: names of the classes [C].
    """
    counts = ClassCounts(class_counts)
    classes, labels, predicted = len(counts), predictions.labels, predictions.predicted
    confusion = np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)
    per_class = recalls(confusion)
    _, shots = shot_numbers(counts, classes)
    correct = labels == predicted
    bins = calibration_bins(predictions.probabilities[:, 0], correct)
    ece, mce = calibration_errors(*bins)
    images = np.array([result.images for result in results], "float64")
    with np.errstate(divide="ignore"):
        nll = float(-np.mean(np.log(predictions.true_probability)))
    return dataclasses.replace(
        results[0],
        top1=float(correct.mean()),
        **{name: _mean(per_class[members]) for name, members in shots.items()},
        balanced=_mean(per_class),
        ece=ece,
        mce=mce,
        nll=nll,
        per_class=per_class,
        confusion=confusion.astype("int64"),
        bin_accuracy=bins[0],
        bin_confidence=bins[1],
        bin_count=bins[2],
        brier=float(np.average([result.brier for result in results], weights=images)),
        classwise_ece=math.nan,
        class_counts=counts.array,
        class_names=tuple(class_names),
        intervals=bootstrap_intervals(labels, predicted, classes, counts, predictions.groups),
    )


def _mean(values):
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else math.nan
