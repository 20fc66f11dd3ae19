"""Features as points in the plane, and distributions as violins."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from benchmarks.papers.plots.lines import grid
from ltzoo.report import style

# Paul Tol's "muted" scheme, in an order in which neighbors differ in lightness.
COLORS = (
    "#332288", "#DDCC77", "#117733", "#CC6677", "#88CCEE", "#882255", "#44AA99", "#999933", "#AA4499", "#777777"
)  # fmt: skip


def scatter(
    panels: Mapping[str, Mapping[str, Any]], axis: str = "t-SNE of the features", columns: int = 2
) -> Figure:
    """Plot one point per image, with a color and a marker per class.

    Args:
        panels: by title, `points` [n][2], `labels` [n], `classes` (names of the classes that appear, in the order of
            the legend) and `numbers` (their labels).
        axis: what the plane is; it has no unit.
        columns: panels side by side.
    """
    figure, axes = grid(list(panels), columns, 3.7)
    handles: dict[str, Any] = {}
    for place, (title, found) in zip(axes, panels.items(), strict=True):
        style.tidy(place, title=title, grid="")
        points, labels = np.asarray(found["points"], float), np.asarray(found["labels"])
        for name, number in zip(found["classes"], found["numbers"], strict=True):
            look = _look(list(handles).index(name) if name in handles else len(handles))
            own = labels == number
            place.scatter(*points[own].T, s=20, alpha=0.8, edgecolor="white", linewidth=0.3, **look)
            handles.setdefault(
                name, Line2D([], [], linestyle="", markersize=6, label=style.shorten(name, 24), **look)
            )
        place.set_xticks([])
        place.set_yticks([])
        place.set_xlabel(axis, fontsize=9, color=style.INK)
    style.legend_above(figure, 10, handles=list(handles.values()), title="class")
    return figure


def _look(number) -> dict[str, Any]:
    markers = style.MODEL_MARKERS
    return {"color": COLORS[number % len(COLORS)], "marker": markers[number % len(markers)]}


def half_violins(
    groups: Mapping[str, Mapping[str, Sequence[float]]], means: Mapping[str, Mapping[str, float]], x: str
) -> Figure:
    """Plot the distributions of two networks above and below a line, for every group.

    Args:
        groups: by group and network, the share of images in equal bins of 0..1.
        means: by group and network, the mean.
        x: label of the x axis. Heights are shares of images; the largest bin of each group has the full height.
    """
    figure = style.figure(width=8.0, height=1.5 * len(groups) + 0.8)
    axes = [figure.add_subplot(len(groups), 1, number + 1) for number in range(len(groups))]
    colors = ("#88CCEE", "#004488")
    networks = list(next(iter(groups.values())))
    for place, (group, shares) in zip(axes, groups.items(), strict=True):
        style.tidy(place, x=x if place is axes[-1] else "", y=group, grid="x")
        widest = max(max(share) for share in shares.values()) or 1.0
        for number, (name, share) in enumerate(shares.items()):
            sign = 1 if number == 0 else -1
            edges = np.linspace(0, 1, len(share) + 1)
            place.stairs(sign * np.asarray(share) / widest, edges, fill=True, color=colors[number % 2])
            low, high = sorted((0, sign))
            place.vlines(means[group][name], low, high, color=style.INK, linewidth=1.4, linestyle="--")
        place.axhline(0, color=style.INK, linewidth=0.8)
        place.set_ylim(-1.05, 1.05)
        place.set_xlim(0, 1)
        place.set_yticks([])
    handles: list[Any] = [Patch(color=colors[number % 2], label=name) for number, name in enumerate(networks)]
    handles.append(Line2D([], [], color=style.INK, linewidth=1.4, linestyle="--", label="mean"))
    style.legend_above(figure, 3, handles=handles)
    return figure
