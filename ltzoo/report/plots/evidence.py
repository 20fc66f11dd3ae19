"""Images of small classes, and where the classifier finds evidence for their true and predicted classes."""

from matplotlib.figure import Figure

from ltzoo.report import fonts, style
from ltzoo.report.plots.cam import RIGHT, WRONG, overlay, picture


def evidence_maps(maps, class_counts, class_names=None) -> Figure:
    """Plot images in columns; below each, the evidence for its true class, and for the predicted one if it is wrong.

    Args:
        maps: `ltzoo.report.EvidenceMaps`.
        class_counts: training images per class, `[C]`.
        class_names: names of the classes, `[C]`.
    """
    columns = len(maps.images)
    names = range(len(class_counts)) if class_names is None else class_names
    labels = [style.plain(label) for label in fonts.class_labels(names, 14)]
    figure = style.figure(width=max(3.6, 0.5 + 1.55 * columns), height=5.9)
    grid = figure.add_gridspec(3, columns)
    for column in range(columns):
        label, guess = int(maps.labels[column]), int(maps.predictions[column])
        right = label == guess
        top, middle, bottom = (figure.add_subplot(grid[row, column]) for row in range(3))
        picture(top, maps.images[column], faded=False)
        count = int(class_counts[label])
        text = f"{labels[label]}\n{count} training image{'s' * (count != 1)}"
        top.set_title(text, fontsize=9, color=style.INK, fontfamily=fonts.families(labels[label]))
        size = maps.images.shape[1:3]
        picture(middle, maps.images[column], faded=True)
        overlay(middle, maps.of_label[column], size)
        _name(middle, labels[label], RIGHT if right else style.INK)
        picture(bottom, maps.images[column], faded=True)
        if right:
            _name(bottom, "as above", RIGHT)
        else:
            overlay(bottom, maps.of_prediction[column], size)
            _name(bottom, labels[guess], WRONG)
        if column == 0:
            for axes, title in ((top, "image"), (middle, "true class"), (bottom, "prediction")):
                axes.set_ylabel(title, fontsize=11, color=style.INK, fontweight="bold")
    return figure


def _name(axes, text, color):
    axes.set_xlabel(text, fontsize=9, color=color, fontfamily=fonts.families(text))
