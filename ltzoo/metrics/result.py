"""Measured quality of a classifier on one split."""

import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from ltzoo.class_counts import ClassCounts
from ltzoo.contracts.labels import check_labels
from ltzoo.metrics.calibration import calibration_bins, calibration_errors
from ltzoo.metrics.intervals import bootstrap_intervals, shot_numbers
from ltzoo.metrics.per_class import ClassResult, GroupSize, class_results, f1_scores, recalls
from ltzoo.metrics.probability_scores import brier_score, classwise_calibration_error
from ltzoo.metrics.result_text import result_text

_ARRAYS = {
    "per_class": "float64",
    "confusion": "int64",
    "bin_accuracy": "float64",
    "bin_confidence": "float64",
    "bin_count": "int64",
}
_OF_CONFUSION = ("macro_f1", "worst_recall")
_OPTIONAL = ("brier", "classwise_ece", "class_counts", "class_names", "intervals", *_OF_CONFUSION)


@dataclasses.dataclass(frozen=True, eq=False)
class Result:
    """Measurements of `ltzoo.metrics.evaluate`. Accuracies and calibration errors are fractions.

    Attributes:
        top1: share of all images that are classified correctly.
        many, medium, few: mean of `per_class` over the classes with more than 100, 20 to 100 and fewer than 20 training
            images (Liu et al., CVPR 2019); NaN for an empty group or without class counts.
        balanced: mean of `per_class` over the classes in the split.
        ece, mce: expected and maximum calibration error over 15 equal bins.
        nll: mean of -log p(true class), in nats.
        per_class: accuracy per class [C], NaN where the split has no image of the class.
        confusion: number of images [C, C], rows = true class, columns = predicted class.
        bin_accuracy, bin_confidence, bin_count: calibration bins [15], 0 where empty.
        brier: mean over images of the squared distance of the probabilities from the truth, 0 to 2; see `brier_score`.
        classwise_ece: see `classwise_calibration_error`.
        class_counts: training images per class [C], or None if unknown.
        class_names: names of the classes, or None if unknown.
        intervals: (lower, upper) bounds of the 95 % interval of top1, balanced, many, medium, few and macro_f1; see
            `bootstrap_intervals`. Empty in results of earlier versions.
    """

    top1: float
    many: float
    medium: float
    few: float
    balanced: float
    ece: float
    mce: float
    nll: float
    per_class: np.ndarray
    confusion: np.ndarray
    bin_accuracy: np.ndarray
    bin_confidence: np.ndarray
    bin_count: np.ndarray
    brier: float = math.nan
    classwise_ece: float = math.nan
    class_counts: np.ndarray | None = None
    class_names: tuple[str, ...] | None = None
    intervals: Mapping[str, tuple[float, float]] = dataclasses.field(default_factory=dict)

    @property
    def images(self) -> int:
        """Number of images that were measured."""
        return int(self.confusion.sum())

    @functools.cached_property
    def classes(self) -> list[ClassResult]:
        """Recall with its interval, precision, F1 and most frequent confusion of each class, in label order."""
        return class_results(self.confusion, self.class_counts, self.class_names)

    @functools.cached_property
    def macro_f1(self) -> float:
        """Mean F1 of the classes in the split."""
        return _mean(f1_scores(self.confusion))

    @property
    def worst_class(self) -> int:
        """Class of the lowest recall, the first of equals."""
        return int(np.nanargmin(recalls(self.confusion)))

    @property
    def worst_recall(self) -> float:
        """Lowest recall of a class in the split."""
        return float(np.nanmin(recalls(self.confusion)))

    @functools.cached_property
    def groups(self) -> dict[str, GroupSize]:
        """Classes and images of the split behind many, medium and few; empty without class counts."""
        if self.class_counts is None:
            return {}
        images = self.confusion.sum(axis=1)
        members = ClassCounts(self.class_counts).groups
        return {
            name: GroupSize(int((images[classes] > 0).sum()), int(images[classes].sum()))
            for name, classes in members.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers and lists for JSON; NaN becomes None."""
        names = [field.name for field in dataclasses.fields(self)]
        return {name: _plain(getattr(self, name)) for name in (*names, *_OF_CONFUSION)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild a Result from the output of `to_dict`, also of earlier versions, which had fewer entries.

        Raises:
            ValueError: if an entry is missing or unknown.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        needed = set(names) - set(_OPTIONAL)
        if not needed <= set(values) <= {*names, *_OPTIONAL}:
            raise ValueError(
                f"`values` must have the entries {', '.join(names)}. Received: values with {sorted(values)}"
            )
        converted: dict[str, Any] = {}
        for name in names:
            value = values.get(name)
            if name in _ARRAYS:
                filled = [math.nan if entry is None else entry for entry in values[name]]
                converted[name] = np.asarray(filled, _ARRAYS[name])
            elif name == "intervals":
                converted[name] = {key: tuple(map(_number, bounds)) for key, bounds in (value or {}).items()}
            elif name == "class_counts":
                converted[name] = None if value is None else np.asarray(value, "int64")
            elif name == "class_names":
                converted[name] = None if value is None else tuple(value)
            else:
                converted[name] = _number(value)
        return cls(**converted)

    def __str__(self):
        return result_text(self)


def result_from_probabilities(
    probabilities: np.ndarray,
    labels: Sequence[int] | np.ndarray,
    class_counts: Sequence[int] | np.ndarray | None = None,
    num_bins: int = 15,
    *,
    class_names: Sequence[str] | None = None,
    groups: Sequence[int] | np.ndarray | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Result:
    """Measure predictions in float64.

    Args:
        probabilities: [N, C]; rows sum to 1.
        labels: integer labels [N], 0 to C - 1; see `ltzoo.contracts.labels`.
        class_counts: training images per class [C], or None if unknown.
        num_bins: number of calibration bins.
        class_names: names of the classes [C], or None.
        groups: integers [N], equal for images that belong together (one animal, patient, video), or None. The
            intervals then are those of new groups, not of new images of the same ones.
        resamples: resamples of the bootstrap for the intervals; 0 leaves the intervals out.
        seed: seed of the bootstrap.

    Returns:
        the measurements.

    Raises:
        ValueError: if the labels are none of 0 .. C - 1, or `groups` has not one integer per image.
    """
    probabilities = np.asarray(probabilities, "float64")
    num_classes = probabilities.shape[1]
    labels = check_labels(labels, num_classes)
    predicted = probabilities.argmax(axis=1)
    correct = predicted == labels
    confusion = np.bincount(labels * num_classes + predicted, minlength=num_classes**2)
    confusion = confusion.reshape(num_classes, num_classes).astype("int64")
    per_class = recalls(confusion)
    _, shots = shot_numbers(class_counts, num_classes)
    intervals = {}
    if resamples:
        groups = checked_groups(groups, len(labels))
        chosen = {"resamples": resamples, "seed": seed}
        intervals = bootstrap_intervals(labels, predicted, num_classes, class_counts, groups, **chosen)
    bins = calibration_bins(probabilities.max(axis=1), correct, num_bins)
    ece, mce = calibration_errors(*bins)
    target = probabilities[np.arange(len(labels)), labels]
    with np.errstate(divide="ignore"):
        nll = -np.mean(np.log(target))
    return Result(
        top1=float(correct.mean()),
        **{name: _mean(per_class[classes]) for name, classes in shots.items()},
        balanced=_mean(per_class),
        ece=ece,
        mce=mce,
        nll=float(nll),
        per_class=per_class,
        confusion=confusion,
        bin_accuracy=bins[0],
        bin_confidence=bins[1],
        bin_count=bins[2],
        brier=brier_score(probabilities, labels),
        classwise_ece=classwise_calibration_error(probabilities, labels, num_bins),
        class_counts=None if class_counts is None else ClassCounts(class_counts).array,
        class_names=None if class_names is None else tuple(map(str, class_names)),
        intervals=intervals,
    )


def checked_groups(groups: Sequence[int] | np.ndarray | None, count: int) -> np.ndarray | None:
    """Return the groups of N images as an array [N], or None.

    Raises:
        ValueError: there is not one integer per image.
    """
    if groups is None:
        return None
    array = np.asarray(groups)
    if array.shape != (count,) or array.dtype.kind not in "iu":
        raise ValueError(
            f"`groups` must have an integer for each of the {count} images. "
            f"Received: groups of shape {array.shape} and dtype {array.dtype}"
        )
    return array


def _mean(values):
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else math.nan


def _number(value):
    return math.nan if value is None else float(value)


def _plain(value):
    if isinstance(value, Mapping):
        return {name: _plain(entry) for name, entry in value.items()}
    if isinstance(value, tuple):
        value = list(value)
    if isinstance(value, np.ndarray):
        return [_plain(entry) for entry in value.tolist()]
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
