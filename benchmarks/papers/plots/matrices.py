"""Matrices with a number in each cell, and images with maps laid over them."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import Normalize, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from benchmarks.papers.plots.lines import grid
from ltzoo.report import style
from ltzoo.report.plots.cam import overlay, picture

_WRITTEN = 12
_MARKS = {"cross-entropy": "#EE3377", "best": "#EE7733"}


def confusions(panels: Mapping[str, np.ndarray], class_names: Sequence[str]) -> Figure:
    """Plot row-normalized confusion matrices in %; titles that begin with "change" are differences in points.

    Args:
        panels: matrices [C, C] by title, with the classes in order of their training images.
        class_names: names in the same order.
    """
    figure, axes = grid(list(panels), 2 if len(panels) <= 4 else 3, 3.9)
    for place, (title, matrix) in zip(axes, panels.items(), strict=True):
        change = title.startswith("change")
        limit = max(1.0, float(np.nanmax(np.abs(matrix))))
        scale = TwoSlopeNorm(0, -limit, limit) if change else Normalize(0, 100)
        drawn = place.imshow(matrix, cmap="PuOr" if change else "Blues", norm=scale, interpolation="nearest")
        style.tidy(
            place, title=title, x="predicted class, most training images first", y="true class", grid=""
        )
        bar = figure.colorbar(drawn, ax=place, fraction=0.046, pad=0.03)
        unit = "change (points)" if change else "share of the true class (%)"
        bar.set_label(unit, fontsize=9, color=style.INK)
        bar.outline.set_visible(False)
        if len(matrix) <= _WRITTEN:
            place.set_xticks(
                range(len(matrix)), class_names, rotation=90 if max(map(len, class_names)) > 2 else 0
            )
            place.set_yticks(range(len(matrix)), class_names)
            _write(place, matrix, limit if change else 100, "+.0f" if change else ".0f", two_sided=change)
    return figure


def triangles(panels: Mapping[str, tuple[Sequence[float], np.ndarray]], x: str, y: str, unit: str) -> Figure:
    """Plot values over two constants, marking the highest value and the one at the origin.

    Args:
        panels: by title, the values of both constants and the matrix [y, x], NaN where nothing was run.
        x, y: names of the constants.
        unit: what the values are.
    """
    figure, axes = grid(list(panels), 2, 4.0)
    for place, (title, (steps, matrix)) in zip(axes, panels.items(), strict=True):
        low, high = float(np.nanmin(matrix)), float(np.nanmax(matrix))
        drawn = place.imshow(
            matrix, cmap="YlGnBu", vmin=low, vmax=max(high, low + 1e-6), interpolation="nearest"
        )
        style.tidy(place, title=title, x=x, y=y, grid="")
        place.set_xticks(range(len(steps)), [f"{step:g}" for step in steps])
        place.set_yticks(range(len(steps)), [f"{step:g}" for step in steps])
        bar = figure.colorbar(drawn, ax=place, fraction=0.046, pad=0.03)
        bar.set_label(unit, fontsize=9, color=style.INK)
        for row, column in np.argwhere(np.isfinite(matrix)):
            value = matrix[row, column]
            dark = high > low and (value - low) / (high - low) > 0.6
            place.text(
                column, row, f"{value:.1f}", ha="center", va="center", fontsize=9, color="white" if dark else style.INK
            )  # fmt: skip
        best = np.unravel_index(np.nanargmax(matrix), matrix.shape)
        for (row, column), color in zip(((0, 0), best), _MARKS.values(), strict=True):
            place.add_patch(Rectangle((column - 0.46, row - 0.46), 0.92, 0.92, **_frame(color)))
    marks = [Patch(label=label, **_frame(color)) for label, color in _MARKS.items()]
    style.legend_above(figure, 2, handles=marks)
    return figure


def pictures(columns: Sequence[str], labels: Sequence[str], rows: Sequence[Sequence[tuple]]) -> Figure:
    """Plot images, some with a map laid over them.

    Args:
        columns: titles of the columns.
        labels: texts left of the rows.
        rows: for each column, an image [H, W, channels], a map [h, w] or None, and a text below it.
    """
    figure = style.figure(width=0.8 + 1.75 * len(columns), height=2.05 * len(rows) + 0.4)
    grid_of = figure.add_gridspec(len(rows), len(columns))
    for row, cells in enumerate(rows):
        for column, (image, values, text) in enumerate(cells):
            place = figure.add_subplot(grid_of[row, column])
            picture(place, image, faded=values is not None)
            if values is not None:
                overlay(place, np.asarray(values, float), image.shape[:2])
            place.set_xlabel(text, fontsize=9, color=style.INK)
            if row == 0:
                place.set_title(columns[column], fontsize=10, color=style.INK)
            if column == 0:
                place.set_ylabel(labels[row], fontsize=10, color=style.INK, fontweight="bold")
    return figure


def _write(axes, matrix, limit, form, two_sided):
    for row, column in np.argwhere(np.isfinite(matrix)):
        value = matrix[row, column]
        text = f"{value:{form}}"
        if float(text) == 0:
            continue
        share = abs(value) / limit
        color = "white" if share > (0.7 if two_sided else 0.55) else style.INK
        axes.text(column, row, text, ha="center", va="center", fontsize=7.5, color=color)


def _frame(color):
    return {"fill": False, "edgecolor": color, "linewidth": 2.5}
