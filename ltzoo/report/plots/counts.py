"""Training images per class."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ltzoo.class_counts import ClassCounts
from ltzoo.report import style


def class_counts(class_counts, class_names=None) -> Figure:
    """Plot bars of the training images per class, largest first, on a log axis, colored by group.

    Args:
        class_counts: Training images per class, `[C]`.
        class_names: Names of the classes, `[C]`; used where they fit.
    """
    counts = ClassCounts(class_counts)
    order = style.by_count(counts)
    groups = style.group_of_class(counts)[order]
    figure = style.figure()
    axes = style.tidy(figure.add_subplot(), y="training images (log scale)")
    if len(counts) <= 100:
        colors = [style.GROUP_COLORS[group] for group in groups]
        bars = axes.bar(range(len(counts)), counts.array[order], color=colors)
    else:
        _filled_steps(axes, counts.array[order], groups)
    axes.set_yscale("log")
    axes.set_ylim(0.7, counts.largest * 2.0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else "")
    if len(counts) <= style.NAMED_CLASSES:
        axes.bar_label(bars, fontsize=8, color=style.INK, padding=1)
    style.class_axis(axes, class_names, order)
    ranges = {"many": "over 100", "medium": "20 to 100", "few": "under 20"}
    handles = [
        Patch(color=color, label=f"{name} ({ranges[name]}): {_classes(np.sum(groups == name))}")
        for name, color in style.GROUP_COLORS.items()
    ]
    style.legend_above(figure, 3, handles=handles)
    return figure


def _filled_steps(axes, counts: np.ndarray, groups: np.ndarray) -> None:
    """Draw the outline of many bars as one area per group; thousands of single bars would take seconds."""
    for name, color in style.GROUP_COLORS.items():
        members = np.flatnonzero(groups == name)
        if len(members):
            edges = np.append(members, members[-1] + 1) - 0.5
            heights = np.append(counts[members], counts[members[-1]])
            axes.fill_between(edges, heights, 0.5, step="post", color=color, linewidth=0)


def _classes(number: int) -> str:
    return "1 class" if number == 1 else f"{number} classes"
