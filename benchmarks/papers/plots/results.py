"""Plots of the library's report, from the lines of a record."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.papers.plots.caption import names
from benchmarks.papers.plots.matrices import confusions
from ltzoo.report import plots, style

Line = Mapping[str, Any]


def reliability(lines: Sequence[Line], load: Any) -> Figure:
    """Plot a reliability diagram per network, from the numbers of `calibration`."""
    found = {}
    for name, line in zip(names(lines), lines, strict=True):
        bins = {key: np.asarray(values, float) for key, values in line["numbers"]["bins"].items()}
        found[name] = SimpleNamespace(ece=line["numbers"]["ece"] / 100, **bins)
    return plots.reliability_diagram(found)


def weight_norms(lines: Sequence[Line], load: Any) -> Figure:
    """Plot the norms of the class vectors, from the numbers of `norms`."""
    found = {name: line["numbers"]["norms"] for name, line in zip(names(lines), lines, strict=True)}
    numbers = lines[0]["numbers"]
    return plots.weight_norms(found, numbers["class_counts"], numbers["class_names"])


def confusion(lines: Sequence[Line], load: Any) -> Figure:
    """Plot a confusion matrix per network, from the numbers of `confusion`."""
    found = {name: shares(line) for name, line in zip(names(lines), lines, strict=True)}
    return confusions(found, ordered_names(lines[0]))


def shares(line: Line) -> np.ndarray:
    """Return the confusion matrix in % of each true class, most training images first."""
    order = style.by_count(line["numbers"]["class_counts"])
    matrix = np.asarray(line["numbers"]["confusion"], float)[np.ix_(order, order)]
    return 100 * matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)


def ordered_names(line: Line) -> list[str]:
    """Return the names of the classes, most training images first."""
    numbers = line["numbers"]
    return [numbers["class_names"][number] for number in style.by_count(numbers["class_counts"])]
