"""Confusion matrix, each row a share of the images of its true class."""

import numpy as np
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from ltzoo.report import fonts, style

_ANNOTATED_CLASSES = 15
_LARGEST_SIDE = 200


def confusion_matrix(result, class_counts=None, class_names=None, title: str = "") -> Figure:
    """Plot a row-normalized confusion matrix; classes ordered by training images, largest first, if given.

    Up to 15 classes every cell carries its percentage. More than 200 classes are merged, neighbors in
    the order together, into at most 100 blocks.

    Args:
        result: A `Result`; `confusion` is used, `[C, C]` counts with one row a true class.
        class_counts: Training images per class, `[C]`; without them the classes keep their order.
        class_names: Names of the classes, `[C]`; used where they fit.
        title: Title of the figure, such as the name of the model.
    """
    confusion = np.asarray(result.confusion)
    classes = len(confusion)
    order = np.arange(classes) if class_counts is None else style.by_count(class_counts)
    confusion = confusion[np.ix_(order, order)]
    if classes > _LARGEST_SIDE:
        confusion = _merge(confusion, -(-classes // 100))
    images = confusion.sum(axis=1, keepdims=True)
    share = np.divide(100.0 * confusion, images, out=np.full(confusion.shape, np.nan), where=images > 0)

    # Each name needs its own line: more named classes, a larger figure.
    more = 0.11 * max(0, classes - _ANNOTATED_CLASSES) if classes <= style.NAMED_CLASSES else 0.0
    figure = style.figure(width=6.0 + more, height=5.0 + more)
    axes = style.tidy(figure.add_subplot(), title=title, grid="")
    extent = (-0.5, classes - 0.5, classes - 0.5, -0.5)
    # Without numbers in the cells small shares must show in the color: there it follows the square root.
    scale = PowerNorm(1.0 if classes <= _ANNOTATED_CLASSES else 0.5, vmin=0, vmax=100)
    picture = axes.imshow(share, cmap="Blues", norm=scale, extent=extent, interpolation="nearest")
    bar = figure.colorbar(picture, ax=axes, shrink=0.9)
    bar.set_label("share of the images of the true class (%)", fontsize=10, color=style.INK)
    bar.ax.tick_params(labelsize=9, colors=style.INK)
    bar.outline.set_visible(False)
    _label_axes(axes, classes, order, class_names, ordered=class_counts is not None)
    if classes <= _ANNOTATED_CLASSES:
        _annotate(axes, share)
    return figure


def _merge(confusion: np.ndarray, block: int) -> np.ndarray:
    starts = np.arange(0, len(confusion), block)
    return np.add.reduceat(np.add.reduceat(confusion, starts, axis=0), starts, axis=1)


def _label_axes(axes, classes, order, class_names, ordered: bool) -> None:
    if classes <= style.NAMED_CLASSES:
        labels = fonts.class_labels(range(classes) if class_names is None else class_names)
        names = [style.plain(labels[index]) for index in order]
        family = fonts.families("".join(names))
        longest = max(map(len, names))
        size = 9 if classes <= 10 else 7
        rotation = 90 if longest * classes > 40 else 0
        axes.set_xticks(range(classes), names, rotation=rotation, fontsize=size, fontfamily=family)
        axes.set_yticks(range(classes), names, fontsize=size, fontfamily=family)
        ending = ", most training images first" if ordered else ""
    else:
        ending = " (rank, most training images first)" if ordered else " (index)"
    axes.set_xlabel("predicted class" + ending, fontsize=10, color=style.INK)
    axes.set_ylabel("true class" + ending, fontsize=10, color=style.INK)


def _annotate(axes, share: np.ndarray) -> None:
    size = 9 if len(share) <= 10 else 6.5
    for row, column in np.argwhere(share > 0):
        value = share[row, column]
        axes.text(
            column, row, f"{value:.0f}" if value >= 0.5 else "<1", ha="center", va="center", fontsize=size,
            color="white" if value > 55 else style.INK,
        )  # fmt: skip
