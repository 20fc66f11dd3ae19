"""Panels of lines, steps or bars with one legend."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ltzoo.report import style

_DASHES = ("-", "--", "-.", ":")


@dataclasses.dataclass(frozen=True)
class Panel:
    """One panel.

    Attributes:
        title: above the panel.
        x, y: labels of the axes, with units.
        lines: (name, x values, y values); the same name has the same look in all panels.
        borders: x positions of dotted vertical lines, such as those between stages.
        limits: lower and upper end of the y axis, or None.
        log: axes with a logarithmic scale: "", "x", "y" or "xy".
        ticks: texts of the positions 0, 1, ... of the x axis, or empty.
    """

    title: str
    x: str
    y: str
    lines: Sequence[tuple[str, Any, Any]]
    borders: Sequence[float] = ()
    limits: tuple[float, float] | None = None
    log: str = ""
    ticks: Sequence[str] = ()


def curves(panels: Sequence[Panel], columns: int = 2, integers: bool = False, height: float = 3.4) -> Figure:
    """Plot lines, with markers where a line has few points.

    Args:
        panels: the panels.
        columns: panels side by side.
        integers: whether the x axes count something, such as epochs.
        height: of each row, in inches.
    """
    figure, axes = grid(panels, columns, height)
    for place, panel in zip(axes, panels, strict=True):
        for name, x, y in panel.lines:
            look = _look(panels, name)
            many = len(x) > 25
            place.plot(
                x, _array(y), label=style.shorten(name), color=look["color"], linestyle=look["dashes"],
                linewidth=1.8, marker=None if many else look["marker"], markersize=5,
            )  # fmt: skip
        for border in panel.borders:
            place.axvline(border, color=style.INK, linewidth=1.1, linestyle=":", zorder=1)
        if integers:
            place.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))
    return _finish(figure, axes, panels)


def bars(panels: Sequence[Panel], columns: int = 2, height: float = 3.0) -> Figure:
    """Plot bars side by side at every x."""
    figure, axes = grid(panels, columns, height)
    for place, panel in zip(axes, panels, strict=True):
        width = 0.8 / len(panel.lines)
        for number, (name, x, y) in enumerate(panel.lines):
            aside = (number - (len(panel.lines) - 1) / 2) * width
            color = _look(panels, name)["color"]
            place.bar(np.asarray(x) + aside, _array(y), width, color=color, label=style.shorten(name))
        place.axhline(0, color=style.INK, linewidth=0.8)
        place.xaxis.set_major_locator(MaxNLocator(12, steps=[1, 2, 4, 5, 8, 10], integer=True))
    return _finish(figure, axes, panels)


def histograms(panels: Sequence[Panel], columns: int = 2, height: float = 3.4) -> Figure:
    """Plot outlines of histograms; x has one value more than y, the edges."""
    figure, axes = grid(panels, columns, height)
    for place, panel in zip(axes, panels, strict=True):
        for name, x, y in panel.lines:
            look = _look(panels, name)
            place.stairs(_array(y), x, color=look["color"], alpha=0.12, fill=True)
            place.stairs(
                _array(y), x, label=style.shorten(name), color=look["color"], linewidth=1.8, fill=False,
            )  # fmt: skip
    return _finish(figure, axes, panels)


def grid(panels: Sequence[Any], columns: int, height: float) -> tuple[Figure, list[Any]]:
    """Return a figure with a place for each panel, row by row."""
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    figure = style.figure(width=max(5.5, 4.5 * columns), height=height * rows + 0.4)
    return figure, [figure.add_subplot(rows, columns, number + 1) for number in range(len(panels))]


def _finish(figure, axes, panels):
    for place, panel in zip(axes, panels, strict=True):
        style.tidy(place, title=panel.title, x=panel.x, y=panel.y, grid="both")
        if panel.limits is not None:
            place.set_ylim(*panel.limits)
        if "x" in panel.log:
            place.set_xscale("log")
        if "y" in panel.log:
            place.set_yscale("log")
        if panel.ticks:
            place.set_xticks(range(len(panel.ticks)), panel.ticks)
    named = {}
    for place in axes:
        for handle, label in zip(*place.get_legend_handles_labels(), strict=True):
            named.setdefault(label, handle)
    style.legend_above(figure, min(5, len(named)), handles=list(named.values()), labels=list(named))
    return figure


def _look(panels, name):
    names = list(dict.fromkeys(line[0] for panel in panels for line in panel.lines))
    number = names.index(name)
    return {**style.model_style(number), "dashes": _DASHES[number % len(_DASHES)]}


def _array(values):
    return np.array([np.nan if value is None else value for value in values], float)
