"""Accuracy per class before and after, over the classes ordered by their training images."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from ltzoo.class_counts import ClassCounts
from ltzoo.report import style

# Up to this many classes each has its own markers; beyond it a running mean shows the course.
SINGLE_CLASSES = 60


def class_accuracy(results: Mapping, class_counts, class_names=None) -> Figure:
    """Plot accuracy per class of every model, largest class first, with the groups shaded.

    Few classes: one marker a model, joined by a line from the first model to the last. More than 60
    classes: small dots under a running mean.

    Args:
        results: Name of the model to its `Result`; `per_class` is used, a fraction for each class,
            NaN for a class without images.
        class_counts: Training images per class, `[C]`.
        class_names: Names of the classes, `[C]`; used where they fit.
    """
    counts = ClassCounts(class_counts)
    order = style.by_count(counts)
    values = {name: 100.0 * np.asarray(result.per_class, float)[order] for name, result in results.items()}
    figure = style.figure(height=4.6)
    axes = style.tidy(figure.add_subplot(), y="accuracy of the class (%)")
    axes.set_ylim(-4, 104)
    _shade_groups(axes, style.group_of_class(counts)[order])
    positions = np.arange(len(counts))
    if len(counts) <= SINGLE_CLASSES:
        _dumbbells(axes, positions, values)
    else:
        _running_means(axes, positions, values)
    style.class_axis(axes, class_names, order)
    style.legend_above(figure, min(4, len(values)))
    return figure


def _dumbbells(axes, positions, values) -> None:
    models = list(values)
    if len(models) > 1:
        first, last = values[models[0]], values[models[-1]]
        axes.vlines(positions, first, last, color="#AAAAAA", linewidth=2.5, zorder=1.5)
    size = 52 if len(positions) <= 30 else 22
    # Models between the first and the last stand a little aside, so that equal accuracies stay visible.
    for number, name in enumerate(models):
        aside = 0.16 if 0 < number < len(models) - 1 else 0.0
        look = style.model_style(number)
        axes.scatter(
            positions + aside,
            values[name],
            s=size,
            label=style.shorten(name),
            edgecolor="white",
            linewidth=0.8,
            zorder=3,
            **look,
        )


def _running_means(axes, positions, values) -> None:
    window = max(5, len(positions) // 20)
    for number, name in enumerate(values):
        color = style.model_style(number)["color"]
        axes.scatter(positions, values[name], s=5, color=color, alpha=0.30, linewidth=0)
        axes.plot(
            positions,
            _running_mean(values[name], window),
            color=color,
            linewidth=2.2,
            label=style.shorten(name),
        )
    axes.set_ylabel(f"accuracy of the class (%)\ndots: classes, lines: mean of {window}", fontsize=10)


def _running_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Return the centered mean over at most `window` neighbors, without NaN, narrower at both ends."""
    known = np.isfinite(values)
    kernel = np.ones(window)
    total = np.convolve(np.where(known, values, 0.0), kernel, "same")
    number = np.convolve(known.astype(float), kernel, "same")
    return np.divide(total, number, out=np.full(len(values), np.nan), where=number > 0.5)


def _shade_groups(axes, groups: np.ndarray) -> None:
    """Draw a pale band and a name per group; groups are contiguous, since classes are ordered by count."""
    for name, color in style.GROUP_COLORS.items():
        members = np.flatnonzero(groups == name)
        if len(members):
            left, right = members[0] - 0.5, members[-1] + 0.5
            axes.axvspan(left, right, color=color, alpha=0.10, linewidth=0, zorder=0)
            # The name stands below the plot area's top edge only where the band is wide enough for it.
            if (right - left) / len(groups) >= 0.08:
                axes.annotate(
                    name, ((left + right) / 2, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 2),
                    textcoords="offset points", ha="center", va="bottom", fontsize=9, color=style.INK,
                )  # fmt: skip
