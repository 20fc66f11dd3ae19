"""A map of the features of images, colored by the size of their classes."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from ltzoo.class_counts import ClassCounts
from ltzoo.report import style


def feature_map(found, class_counts) -> Figure:
    """Plot one point per image; the color is the number of training images of its class, on a logarithmic scale.

    Args:
        found: `ltzoo.report.FeatureMap`.
        class_counts: training images per class, `[C]`.
    """
    counts = ClassCounts(class_counts)
    figure = style.figure(width=7.5, height=6.2)
    axes = style.tidy(figure.add_subplot(), grid="")
    values = counts.array[found.labels]
    order = np.argsort(-values, kind="stable")  # Rare classes on top.
    scale = LogNorm(max(1, counts.smallest), max(counts.largest, counts.smallest + 1))
    size = 26 if len(values) < 500 else 14
    points = axes.scatter(
        *found.points[order].T, c=values[order], s=size, cmap="plasma", norm=scale, alpha=0.85, linewidth=0
    )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel(f"{found.method} of the features", fontsize=10, color=style.INK)
    bar = figure.colorbar(points, ax=axes, shrink=0.9)
    bar.set_label("training images of the class", fontsize=10, color=style.INK)
    bar.ax.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    bar.ax.tick_params(labelsize=9, colors=style.INK)
    return figure
