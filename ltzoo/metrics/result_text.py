"""Measurements as a table in plain text."""

from __future__ import annotations

import math
from typing import Any

from ltzoo.metrics.per_class import FEW_IMAGES
from ltzoo.printable import printable

_LABELS = {
    "top1": "Top-1 accuracy",
    "many": "Many-shot accuracy",
    "medium": "Medium-shot accuracy",
    "few": "Few-shot accuracy",
    "balanced": "Balanced accuracy",
    "macro_f1": "Macro F1",
    "worst_recall": "Worst class",
    "ece": "Expected calibration error",
    "mce": "Maximum calibration error",
    "classwise_ece": "Class-wise calibr. error",
    "nll": "Negative log likelihood",
    "brier": "Brier score",
}
_NOT_PERCENT = ("nll", "brier")


def result_text(result: Any) -> str:
    """Return a table of a `Result`: one measure a line, with its interval and what it was measured on."""
    rows = []
    for name, label in _LABELS.items():
        value = getattr(result, name)
        text = f"{label:<28}{_shown(value, percent=name not in _NOT_PERCENT):>10}"
        rows.append(text if math.isnan(value) else f"{text}{_beside(result, name)}")
    if any(size.is_small for size in result.groups.values()):
        rows.append(f"* measured on fewer than {FEW_IMAGES} images")
    intervals = "; 95 % intervals in brackets" if result.intervals else ""
    head = f"{result.images} images, {len(result.per_class)} classes{intervals}"
    return "\n".join([head, "-" * 38, *rows])


def _beside(result, name):
    """Return what stands next to a value: its interval, what it was measured on, or the name of the class."""
    text = ""
    low, high = result.intervals.get(name, (math.nan, math.nan))
    if not math.isnan(low):
        text += f"  [{100 * low:.1f}, {100 * high:.1f}]"
    if name in result.groups:
        size = result.groups[name]
        text += f"  {size}{' *' if size.is_small else ''}"
    if name == "worst_recall":
        worst = result.classes[result.worst_class]
        text += f"  {printable(worst.name)}, {worst.test_images} images"
    return text


def _shown(value, percent):
    if math.isnan(value):
        return "-"
    return f"{100 * value:.2f} %" if percent else f"{value:.4f}"
