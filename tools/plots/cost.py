"""Draw accuracy against training cost on CIFAR-10-LT.

    python -m tools.plots.cost --out docs/cost.png

Hollow points are the papers' figures at imbalance factor 100, with the operations on the zoo's cards. Filled points are
the rows of the CSV, as means over seeds. `tools/cards/training_cost.py` counts the operations.
"""

import itertools
import statistics

from matplotlib.transforms import Bbox

import ltzoo
from benchmarks.cifar10_lt import runs
from ltzoo.class_counts import long_tail_counts
from ltzoo.report import style
from tools import plots
from tools.cards import training_cost

OFFSETS = sorted(range(-30, 31, 2), key=abs)  # of a label above its point, in typographic points
NAMED = [
    "cross_entropy",
    "mixup",
    "ldam_drw",
    "crt_mixup",
    "mislas",
    "gcl",
    "nbn",
    "nbn_balanced_softmax",
    "ride",
    "ride_nbn",
    "lws_mixup",
]


def main():
    """Draw the picture."""
    options = plots.options(__doc__).parse_args()
    figure = style.figure(width=8.5, height=5.2)
    axes = style.tidy(
        figure.add_subplot(),
        title="CIFAR-10-LT, imbalance factor 100, ResNet-32 unless named",
        x="operations of the training (PFLOP)",
        y="top-1 accuracy (%)",
        grid="both",
    )
    reported, ours = papers(), measured(options.csv)
    draw(axes, reported, "reported by the papers", style.MODEL_COLORS[0], filled=False)
    draw(axes, ours, "measured here, with the epochs", style.MODEL_COLORS[2], filled=True)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.set_xlim(low / 2.2, high * 6)
    name_points(axes, reported + ours)
    style.legend(axes, loc="lower right")
    figure.savefig(options.out, dpi=110)


def draw(axes, points, label, color, filled):
    """Draw points of one kind."""
    axes.scatter(
        [cost for _, cost, _ in points],
        [top1 for _, _, top1 in points],
        s=46,
        label=label,
        edgecolor=color,
        facecolor=color if filled else "white",
        linewidth=1.4,
        zorder=3,
    )


def name_points(axes, points):
    """Label points to the right or left, and move each label up or down until it covers nothing."""
    axes.figure.draw_without_rendering()  # sets the positions of the axes
    places = axes.transData.transform([(cost, top1) for _, cost, top1 in points])
    taken = [Bbox.from_extents(x - 7, y - 5, x + 7, y + 5) for x, y in places]
    for index, (name, cost, top1) in enumerate(points):
        others = taken[:index] + taken[index + 1 :]
        label = axes.annotate(
            name,
            (cost, top1),
            xytext=(0, 0),
            textcoords="offset points",
            va="center_baseline",
            fontsize=8,
            color=style.INK,
        )
        for up, side in itertools.product(OFFSETS, (1, -1)):
            label.xyann = (6 * side, up)
            label.set_horizontalalignment("left" if side > 0 else "right")
            extent = label.get_window_extent()
            if not any(extent.overlaps(other) for other in others):
                break
        taken.append(extent)


def papers():
    """Return (name, PFLOP, top-1 in %) of the papers' ResNet-32 at factor 100."""
    points = []
    for name in NAMED:
        card = runs.card(name, "resnet32")
        points.append((name, card["cost"]["training_pflops"], 100 * card["paper"]["top1"]))
    return points


def measured(csv):
    """Return (name, PFLOP, top-1 in %) of the rows at factor 100 with unchanged recipes."""
    groups = {}
    for row in runs.as_registered(runs.read(csv)):
        groups.setdefault((row["recipe"], row["backbone"], row["epochs"]), []).append(float(row["top1"]))
    points = []
    for (name, backbone, epochs), found in groups.items():
        lengths = [int(number) for number in epochs.split("+")]
        recipe = ltzoo.recipes.get(name, epochs=lengths).to_dict()
        cost = training_cost.cost(
            recipe, runs.network(backbone), (32, 32, 3), long_tail_counts(5000, 10, 100.0).tolist()
        )
        name = f"{runs.named(name, backbone)}, {epochs}"
        points.append((name, cost["training_pflops"], 100 * statistics.mean(found)))
    return points


if __name__ == "__main__":
    main()
