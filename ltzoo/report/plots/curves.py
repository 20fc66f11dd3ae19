"""Loss and accuracy by epoch, with the border between the stages."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ltzoo.report import style


def training_curves(histories: Mapping, models: Sequence[str] = ()) -> Figure:
    """Plot loss (left) and accuracy (right) per epoch: training solid, validation dashed, one color per model.

    A dotted line marks where the stage of a model changes.

    Args:
        histories: `History.history` by model name: lists with one value per epoch, among them `loss`, `accuracy`,
            `val_loss`, `val_accuracy` and `stage`; missing ones are not drawn.
        models: names of the models in other figures, in order; histories of the same name get the same color.
    """
    figure = style.figure(width=9.0, height=3.8)
    for position, (key, label) in enumerate((("loss", "loss"), ("accuracy", "accuracy (%)"))):
        axes = style.tidy(figure.add_subplot(1, 2, position + 1), x="epoch", y=label)
        factor = 100.0 if key == "accuracy" else 1.0
        for number, (name, history) in enumerate(histories.items()):
            place = list(models).index(name) if name in models else number
            color = style.model_style(place)["color"]
            for prefix, line, kind in (("", "-", "training"), ("val_", "--", "validation")):
                values = np.asarray(history.get(prefix + key) or [], dtype=float)
                if len(values):
                    axes.plot(
                        range(1, len(values) + 1), factor * values, line, color=color, linewidth=1.8,
                        marker="." if len(values) < 3 else None, label=f"{style.shorten(name)}, {kind}",
                    )  # fmt: skip
            for border in stage_borders(history.get("stage") or []):
                axes.axvline(border, color=color, linewidth=1.2, linestyle=":", zorder=1)
        axes.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 2.5, 5, 10], integer=True))
        if key == "accuracy":
            axes.set_ylim(0, 102)
    lines = {line.get_label(): line for axes in figure.axes for line in axes.get_lines()}
    lines = {label: line for label, line in lines.items() if not label.startswith("_")}
    style.legend_above(figure, min(4, max(1, len(lines))), handles=list(lines.values()))
    return figure


def stage_borders(stages) -> list[float]:
    """Return positions between epochs of different stages, on an axis that starts at 1."""
    return [epoch + 0.5 for epoch in range(1, len(stages)) if stages[epoch] != stages[epoch - 1]]
