"""Measured quality of a classifier on one split."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from ltzoo.class_counts import ClassCounts
from ltzoo.contracts.labels import check_labels
from ltzoo.metrics.calibration import calibration_bins, calibration_errors

_ARRAYS = {
    "per_class": "float64",
    "confusion": "int64",
    "bin_accuracy": "float64",
    "bin_confidence": "float64",
    "bin_count": "int64",
}
_LABELS = {
    "top1": "Top-1 accuracy",
    "many": "Many-shot accuracy",
    "medium": "Medium-shot accuracy",
    "few": "Few-shot accuracy",
    "balanced": "Balanced accuracy",
    "ece": "Expected calibration error",
    "mce": "Maximum calibration error",
    "nll": "Negative log likelihood",
}


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

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers and lists for JSON; NaN becomes None."""
        return {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild a Result from the output of `to_dict`.

        Raises:
            ValueError: if an entry is missing or unknown.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        if set(values) != set(names):
            raise ValueError(
                f"`values` must have the entries {', '.join(names)}. Received: values with {sorted(values)}"
            )
        converted = {}
        for name in names:
            if name in _ARRAYS:
                filled = [math.nan if entry is None else entry for entry in values[name]]
                converted[name] = np.asarray(filled, _ARRAYS[name])
            else:
                converted[name] = math.nan if values[name] is None else float(values[name])
        return cls(**converted)

    def __str__(self):
        rows = []
        for name, label in _LABELS.items():
            text = _shown(getattr(self, name), percent=name != "nll")
            rows.append(f"{label:<28}{text:>10}")
        classes, images = len(self.per_class), int(self.confusion.sum())
        return "\n".join([f"{images} images, {classes} classes", "-" * 38, *rows])


def result_from_probabilities(
    probabilities: np.ndarray,
    labels: Sequence[int] | np.ndarray,
    class_counts: Sequence[int] | np.ndarray | None = None,
    num_bins: int = 15,
) -> Result:
    """Measure predictions in float64.

    Args:
        probabilities: [N, C]; rows sum to 1.
        labels: integer labels [N], 0 to C - 1; see `ltzoo.contracts.labels`.
        class_counts: training images per class [C], or None if unknown.
        num_bins: number of calibration bins.

    Returns:
        the measurements.
    """
    probabilities = np.asarray(probabilities, "float64")
    num_classes = probabilities.shape[1]
    labels = check_labels(labels, num_classes)
    predicted = probabilities.argmax(axis=1)
    correct = predicted == labels
    confusion = np.bincount(labels * num_classes + predicted, minlength=num_classes**2)
    confusion = confusion.reshape(num_classes, num_classes).astype("int64")
    total = confusion.sum(axis=1)
    per_class = np.where(total > 0, np.diag(confusion) / np.maximum(total, 1), np.nan)
    empty = np.zeros(0, "int64")
    groups = {"many": empty, "medium": empty, "few": empty}
    if class_counts is not None:
        groups = ClassCounts(class_counts).groups
    bins = calibration_bins(probabilities.max(axis=1), correct, num_bins)
    ece, mce = calibration_errors(*bins)
    target = probabilities[np.arange(len(labels)), labels]
    with np.errstate(divide="ignore"):
        nll = -np.mean(np.log(target))
    return Result(
        top1=float(correct.mean()),
        **{name: _mean(per_class[classes]) for name, classes in groups.items()},
        balanced=_mean(per_class),
        ece=ece,
        mce=mce,
        nll=float(nll),
        per_class=per_class,
        confusion=confusion,
        bin_accuracy=bins[0],
        bin_confidence=bins[1],
        bin_count=bins[2],
    )


def _shown(value, percent):
    if math.isnan(value):
        return "-"
    return f"{100 * value:.2f} %" if percent else f"{value:.4f}"


def _mean(values):
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else math.nan


def _plain(value):
    if isinstance(value, np.ndarray):
        return [_plain(entry) for entry in value.tolist()]
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
