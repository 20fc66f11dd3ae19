"""The columns of a results table: headings, meanings and formats."""

import math
from collections.abc import Mapping
from typing import NamedTuple


class Column(NamedTuple):
    """One column: the field of `Result`, heading, meaning, and whether high or low is better."""

    field: str
    heading: str
    meaning: str
    better: str


COLUMNS = (
    Column("top1", "top-1 %", "Share of the images whose most probable class is correct.", "high"),
    Column("many", "many %", "Mean accuracy of the classes with more than 100 training images.", "high"),
    Column("medium", "medium %", "Mean accuracy of the classes with 20 to 100 training images.", "high"),
    Column("few", "few %", "Mean accuracy of the classes with fewer than 20 training images.", "high"),
    Column("balanced", "balanced %", "Mean accuracy over classes, with equal weights.", "high"),
    Column(
        "ece",
        "ECE %",
        "Expected calibration error: the mean gap between confidence and accuracy over 15 bins of "
        "confidence, weighted by the number of images. Lower is better.",
        "low",
    ),
)
SECONDS = Column(
    "seconds",
    "seconds",
    "Time of all epochs and of computing features, on the machine that wrote this report.",
    "",
)

GROUPS = "training images of a class: many over 100, medium 20 to 100, few under 20"

_WIDE = 10  # Points from which on a decimal of an interval says nothing.
_IMAGES = {
    "test": "test images",
    "val": "validation images",
    "train": "training images",
    "all": "images",
    "folds": "images out of fold",
}


class Cell(NamedTuple):
    """One formatted value, whether it is the best of its column, its interval, and whether it is of few images."""

    text: str
    best: bool
    interval: str = ""
    small: bool = False


def table_cells(results: Mapping, seconds: Mapping[str, float] | None = None) -> dict[str, list[Cell]]:
    """Return each model's row: one cell per column of `COLUMNS`, then the seconds if given.

    Fractions become percent with one decimal; NaN (a group without classes) becomes a dash. The best value of a column
    is marked if models differ in it.
    """
    rows: dict[str, list[Cell]] = {name: [] for name in results}
    for column in COLUMNS:
        texts = {name: percent(getattr(result, column.field)) for name, result in results.items()}
        known = {name: float(text) for name, text in texts.items() if text != "–"}
        best = None
        if len(set(known.values())) > 1:
            best = max(known.values()) if column.better == "high" else min(known.values())
        for name, text in texts.items():
            size = results[name].groups.get(column.field)
            small = size is not None and size.is_small
            is_best = best is not None and known.get(name) == best
            rows[name].append(Cell(text, is_best, interval(results[name], column.field), small))
    if seconds is not None:
        for name in results:
            rows[name].append(Cell(duration(seconds.get(name)), False))
    return rows


def interval(result, field: str) -> str:
    """Format the 95 % interval of a measure as percent, wide ones without decimals; empty if there is none."""
    low, high = (100.0 * bound for bound in result.intervals.get(field, (math.nan, math.nan)))
    if math.isnan(low):
        return ""
    digits = 0 if high - low >= _WIDE else 1
    return f"{low:.{digits}f}–{high:.{digits}f}".replace("100.0", "100")


def behind(results: Mapping) -> str:
    """Say how many classes and images stand behind each group, if all results were measured on the same ones."""
    groups = [result.groups for result in results.values()]
    if not groups or not groups[0] or any(other != groups[0] for other in groups[1:]):
        return ""
    return "; ".join(f"{name}: {size}" for name, size in groups[0].items())


def images_of(split: str) -> str:
    """Return the words for the images of a split: its usual words, or its own name; "images" for "all"."""
    return _IMAGES.get(split, f"{split} images")


def percent(fraction: float) -> str:
    """Format a fraction as percent with one decimal; a dash for NaN."""
    value = float(fraction)
    return "–" if math.isnan(value) else f"{100.0 * value:.1f}"


def duration(seconds: float | None) -> str:
    """Format seconds, with a decimal below 100; a dash for an unknown time."""
    if seconds is None or math.isnan(float(seconds)):
        return "–"
    return f"{seconds:.1f}" if seconds < 100 else f"{seconds:,.0f}"
