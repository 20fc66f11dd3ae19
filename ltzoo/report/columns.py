"""The columns of a table of results: what they are called, mean and how their values are written."""

import math
from collections.abc import Mapping
from typing import NamedTuple


class Column(NamedTuple):
    """One column: the field of `Result`, heading, meaning, and which end is the better one."""

    field: str
    heading: str
    meaning: str
    better: str


COLUMNS = (
    Column("top1", "top-1 %", "Share of all test images whose most probable class is right.", "high"),
    Column("many", "many %", "Mean accuracy of the classes with more than 100 training images.", "high"),
    Column("medium", "medium %", "Mean accuracy of the classes with 20 to 100 training images.", "high"),
    Column("few", "few %", "Mean accuracy of the classes with fewer than 20 training images.", "high"),
    Column("balanced", "balanced %", "Mean of the accuracies of all classes, which weigh the same.", "high"),
    Column(
        "ece",
        "ECE %",
        "Expected calibration error: the mean gap between confidence and accuracy over 15 bins of "
        "confidence, weighted by the images in a bin. Lower is better.",
        "low",
    ),
)
SECONDS = Column("seconds", "seconds", "Time of the training, on the machine that wrote this report.", "")


class Cell(NamedTuple):
    """One value of the table, written out, and whether it is the best of its column."""

    text: str
    best: bool


def table_cells(results: Mapping, seconds: Mapping[str, float] | None = None) -> dict[str, list[Cell]]:
    """The row of each model: a cell for each of `COLUMNS`, then the seconds if given.

    Fractions become percent with one decimal; NaN (a group without classes) becomes a dash. The best value
    of a column is marked when two or more models differ in it.
    """
    rows: dict[str, list[Cell]] = {name: [] for name in results}
    for column in COLUMNS:
        texts = {name: percent(getattr(result, column.field)) for name, result in results.items()}
        known = {name: float(text) for name, text in texts.items() if text != "–"}
        best = None
        if len(set(known.values())) > 1:
            best = max(known.values()) if column.better == "high" else min(known.values())
        for name, text in texts.items():
            rows[name].append(Cell(text, best is not None and known.get(name) == best))
    if seconds is not None:
        for name in results:
            rows[name].append(Cell(duration(seconds.get(name)), False))
    return rows


def percent(fraction: float) -> str:
    """A fraction as percent with one decimal, a dash for NaN."""
    value = float(fraction)
    return "–" if math.isnan(value) else f"{100.0 * value:.1f}"


def duration(seconds: float | None) -> str:
    """Seconds with a decimal where it says something, a dash for an unknown time."""
    if seconds is None or math.isnan(float(seconds)):
        return "–"
    return f"{seconds:.1f}" if seconds < 100 else f"{seconds:,.0f}"
