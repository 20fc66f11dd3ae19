"""Reliability diagram: is a prediction with 80 % confidence correct in 80 % of cases?"""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ltzoo.report import fonts, style

_ACCURACY = "#4477AA"
_GAPS = {"gap: too sure": "#E3A9B2", "gap: not sure enough": "#EFD48F"}


def reliability_diagram(results: Mapping) -> Figure:
    """Plot accuracy against confidence in equal bins of confidence, one panel per model.

    The bars are the accuracy of a bin; the hatched part is its gap to the bin's mean confidence, red where
    the model is too sure of itself and yellow where it is not sure enough. Below stands the share of images
    in each bin. The expected calibration error is the mean gap, weighted by those shares.

    Args:
        results: Name of the model to its `Result`; `bin_accuracy`, `bin_confidence`, `bin_count` (each
            `[num_bins]`, 15 by default) and `ece` are used.
    """
    panels = len(results)
    columns = min(3, panels)
    rows = -(-panels // columns)
    figure = style.figure(width=max(4.2, 3.3 * columns), height=4.7 * rows)
    grid = figure.add_gridspec(2 * rows, columns, height_ratios=[3.0, 1.0] * rows)
    for number, (name, result) in enumerate(results.items()):
        row, column = divmod(number, columns)
        upper = figure.add_subplot(grid[2 * row, column])
        lower = figure.add_subplot(grid[2 * row + 1, column], sharex=upper)
        _accuracy_panel(upper, result, name, labelled=column == 0)
        _share_panel(lower, result, labelled=column == 0)
    handles = [Patch(facecolor=_ACCURACY, label="accuracy")]
    handles += [
        Patch(facecolor=color, hatch="///", edgecolor="white", label=label) for label, color in _GAPS.items()
    ]
    handles += [Line2D([], [], color=style.INK, linewidth=1.2, linestyle="--", label="perfectly calibrated")]
    columns = 2 if columns == 1 else 4
    style.legend_above(figure, columns, handles=handles)
    return figure


def _edges(result) -> tuple[np.ndarray, float]:
    bins = len(result.bin_count)
    return np.arange(bins) / bins, 1.0 / bins


def _accuracy_panel(axes, result, name: str, labelled: bool) -> None:
    left, width = _edges(result)
    filled = np.asarray(result.bin_count) > 0
    accuracy = np.where(filled, result.bin_accuracy, 0.0)
    confidence = np.where(filled, result.bin_confidence, 0.0)
    style.tidy(axes, title=fonts.shortened(name, 34), y="accuracy" if labelled else "", grid="both")
    axes.bar(left, accuracy, width, align="edge", color=_ACCURACY, edgecolor="white", linewidth=0.5)
    too_sure = confidence > accuracy
    for chosen, color in zip((too_sure, ~too_sure), _GAPS.values(), strict=True):
        axes.bar(
            left[chosen], (confidence - accuracy)[chosen], width, bottom=accuracy[chosen], align="edge",
            color=color, hatch="///", edgecolor="white", linewidth=0.5,
        )  # fmt: skip
    axes.plot([0, 1], [0, 1], color=style.INK, linewidth=1.2, linestyle="--")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.tick_params(labelbottom=False)
    axes.text(
        0.04, 0.95, f"ECE {100 * result.ece:.1f} %", transform=axes.transAxes, fontsize=11, fontweight="bold",
        va="top", color=style.INK, bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2},
    )  # fmt: skip


def _share_panel(axes, result, labelled: bool) -> None:
    left, width = _edges(result)
    count = np.asarray(result.bin_count, float)
    share = 100.0 * count / max(count.sum(), 1.0)
    style.tidy(axes, x="confidence", y="images (%)" if labelled else "")
    axes.bar(left, share, width, align="edge", color="#999999", edgecolor="white", linewidth=0.5)
    axes.set_ylim(0, max(5.0, 1.1 * share.max()))
