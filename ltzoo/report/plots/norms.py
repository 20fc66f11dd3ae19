"""Length of the weight vector per class."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from ltzoo.report import style


def weight_norms(weight_norms: Mapping, class_counts, class_names=None) -> Figure:
    """Plot the norms of the class vectors, largest class first, one line per model.

    A plain classifier gives large classes longer vectors; classifiers with normalized weights compare
    directions only. Each line is divided by its mean, as the scale of a classifier is arbitrary.

    Args:
        weight_norms: Name of the model to the Euclidean norms of its columns, `[C]`.
        class_counts: Training images per class, `[C]`.
        class_names: Names of the classes, `[C]`; used where they fit.
    """
    order = style.by_count(class_counts)
    figure = style.figure(height=3.8)
    axes = style.tidy(figure.add_subplot(), y="weight norm / mean of the model")
    small = len(order) <= 60
    for number, (name, norms) in enumerate(weight_norms.items()):
        # Earlier models are drawn broader, so that they stay visible under a later one of the same norms.
        below = len(weight_norms) - 1 - number
        norms = np.asarray(norms, float)[order]
        mean = norms.mean()
        relative = norms / mean if mean > 0 else norms
        look = style.model_style(number)
        axes.plot(
            range(len(order)), relative, label=f"{style.shorten(name)} (mean {mean:.3g})", color=look["color"],
            linewidth=(1.8 if small else 1.0) + 1.2 * below, marker=look["marker"] if small else None,
            markersize=6 + 2 * below, markeredgecolor="white",
        )  # fmt: skip
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0.8), max(high, 1.2))
    style.class_axis(axes, class_names, order)
    style.legend_above(figure, 3)
    return figure
