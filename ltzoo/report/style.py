"""Common style of all figures: sizes, grid, and colors that work with color blindness and in gray print."""

from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ltzoo.class_counts import ClassCounts
from ltzoo.report import fonts

# Paul Tol's "high contrast" scheme for the groups, his "bright" scheme for the models.
GROUP_COLORS = {"many": "#004488", "medium": "#DDAA33", "few": "#BB5566"}
MODEL_COLORS = ("#777777", "#4477AA", "#EE6677", "#228833", "#AA3377", "#66CCEE", "#CCBB44")
MODEL_MARKERS = ("o", "s", "D", "^", "v", "P", "X", "<")  # One more than colors: pairs differ for 56 models.
INK = "#222222"
GRID = "#DDDDDD"

# Up to this many classes the axis shows names, beyond it ranks.
NAMED_CLASSES = 30


def figure(width: float = 7.5, height: float = 4.2) -> Figure:
    """Return an empty figure (sizes in inches) with automatic layout, drawn by Agg without pyplot."""
    result = Figure(figsize=(width, height), dpi=144, layout="constrained", facecolor="white")
    FigureCanvasAgg(result)
    return result


def tidy(
    axes: Axes, *, title: str = "", x: str = "", y: str = "", grid: Literal["both", "x", "y", ""] = "y"
) -> Axes:
    """Set titles, a light grid behind the data, and no box."""
    axes.set_title(
        plain(fonts.shortened(title, 60)),
        fontsize=11,
        color=INK,
        loc="left",
        fontweight="bold",
        fontfamily=fonts.families(title),
    )
    axes.set_xlabel(x, fontsize=10, color=INK)
    axes.set_ylabel(y, fontsize=10, color=INK)
    axes.tick_params(labelsize=9, colors=INK, length=3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#888888")
    if grid:
        axes.grid(axis=grid, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    return axes


def by_count(class_counts) -> np.ndarray:
    """Return class indices from the largest to the smallest class; ties keep their order."""
    return np.argsort(-ClassCounts(class_counts).array, kind="stable")


def group_of_class(class_counts) -> np.ndarray:
    """Return the group (many, medium, few) of every class, `[C]`."""
    counts = ClassCounts(class_counts)
    names = np.empty(len(counts), dtype=object)
    for name, members in counts.groups.items():
        names[members] = name
    return names


def class_axis(axes: Axes, class_names, order: np.ndarray) -> None:
    """Label the x axis of a plot over ordered classes with names where they fit, else with ranks."""
    count = len(order)
    if class_names is not None and count <= NAMED_CLASSES:
        labels = fonts.class_labels(class_names)
        names = [plain(labels[index]) for index in order]
        crowded = sum(map(len, names)) + 2 * count > 90
        if crowded:  # Make room for the rotated names, so that the plot keeps its height.
            figure = axes.get_figure()
            assert isinstance(figure, Figure)
            figure.set_figheight(figure.get_figheight() + 0.075 * max(map(len, names)))
        axes.set_xticks(
            range(count),
            names,
            rotation=90 if crowded else 0,
            ha="center",
            fontsize=9 if count <= 20 else 8,
            fontfamily=fonts.families("".join(names)),
        )
        axes.set_xlabel("class, most training images first", fontsize=10, color=INK)
    else:
        axes.set_xlabel("rank of the class, most training images first", fontsize=10, color=INK)
    axes.set_xlim(-0.7, count - 0.3)


def plain(text) -> str:
    """Return a text as it can be drawn: one line, `$` escaped, which would start mathematics.

    Matplotlib leaves labels that start with an underscore out of legends; a space before it prevents that.
    """
    line = fonts.drawable(text).replace("$", r"\$")
    return f" {line}" if line.startswith("_") else line


def shorten(text, length: int = 60) -> str:
    """Shorten a text to `length` characters, as it can be drawn."""
    return plain(fonts.shortened(text, length))


def legend(axes_or_figure, **arguments):
    """Add a small legend without a frame."""
    made = axes_or_figure.legend(fontsize=9, frameon=False, **arguments)
    for entry in made.get_texts():
        entry.set_fontfamily(fonts.families(entry.get_text()))
    return made


def legend_above(figure, columns, **arguments):
    """Add a legend above all axes, with at most `columns` columns, fewer if they exceed the figure's width."""
    while True:
        made = legend(figure, loc="outside upper left", ncols=columns, borderaxespad=0.2, **arguments)
        if columns == 1 or made.get_window_extent().width <= figure.bbox.width:
            return made
        made.remove()
        columns -= 1


def model_style(position: int) -> dict:
    """Return color and marker of the model at a position in the report."""
    return {
        "color": MODEL_COLORS[position % len(MODEL_COLORS)],
        "marker": MODEL_MARKERS[position % len(MODEL_MARKERS)],
    }
