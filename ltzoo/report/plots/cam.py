"""Class activation maps of a plain and a calibrated classifier."""

import numpy as np
from matplotlib.figure import Figure

from ltzoo.report import fonts, style

RIGHT, WRONG = "#228833", "#BB5566"


def activation_maps(maps, class_counts, class_names=None) -> Figure:
    """Plot images in columns; below each, the map of its true class by the plain and the calibrated classifier.

    Each map is stretched to its own smallest and largest value, enlarged to the image and laid over it: bright where
    the evidence for the true class is strong. Below a map stands the class that is predicted.

    Args:
        maps: `ltzoo.report.ActivationMaps`.
        class_counts: Training images per class, `[C]`.
        class_names: Names of the classes, `[C]`.
    """
    columns = len(maps.images)
    names = range(len(class_counts)) if class_names is None else class_names
    labels = [style.plain(label) for label in fonts.class_labels(names, 14)]
    figure = style.figure(width=max(3.6, 0.5 + 1.55 * columns), height=5.9)
    grid = figure.add_gridspec(3, columns)
    rows = (
        ("image", None, None),
        ("plain", maps.plain, maps.plain_predictions),
        ("calibrated", maps.calibrated, maps.predictions),
    )
    for row, (title, values, predictions) in enumerate(rows):
        for column in range(columns):
            axes = figure.add_subplot(grid[row, column])
            picture(axes, maps.images[column], faded=values is not None)
            label = int(maps.labels[column])
            if column == 0:
                axes.set_ylabel(title, fontsize=11, color=style.INK, fontweight="bold")
            if values is None or predictions is None:
                count = int(class_counts[label])
                text = f"{labels[label]}\n{count} training image{'s' * (count != 1)}"
                axes.set_title(text, fontsize=9, color=style.INK, fontfamily=fonts.families(labels[label]))
            else:
                overlay(axes, values[column], maps.images.shape[1:3])
                guess = int(predictions[column])
                axes.set_xlabel(
                    labels[guess], fontsize=9, color=RIGHT if guess == label else WRONG,
                    fontfamily=fonts.families(labels[guess]),
                )  # fmt: skip
    return figure


def picture(axes, image, faded: bool) -> None:
    """Draw raw pixels without axes; in gray if `faded`."""
    pixels = np.clip(np.asarray(image, float) / 255.0, 0, 1)
    height, width = pixels.shape[:2]
    if pixels.shape[-1] != 3:
        pixels = np.repeat(pixels.mean(axis=-1, keepdims=True), 3, axis=-1)
    if faded:
        pixels = np.repeat(pixels.mean(axis=-1, keepdims=True), 3, axis=-1)
    axes.imshow(pixels, extent=(0, width, height, 0), interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)


def overlay(axes, values, size) -> None:
    """Lay a map, stretched to its own range, over an image of a size (height, width)."""
    low, high = float(np.min(values)), float(np.max(values))
    stretched = (np.asarray(values, float) - low) / (high - low if high > low else 1.0)
    height, width = size
    axes.imshow(
        stretched, cmap="inferno", vmin=0, vmax=1, alpha=0.6, extent=(0, width, height, 0), interpolation="bilinear"
    )  # fmt: skip
