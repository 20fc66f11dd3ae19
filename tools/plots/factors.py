"""Draw accuracy against imbalance factor on CIFAR-10-LT.

    python -m tools.plots.factors --out docs/factors.png

Hollow points are the papers' figures with ResNet-32, from the zoo's cards. Filled points are the rows of the CSV with
unchanged recipes that were run at several factors, as means over seeds, in either precision.
"""

import statistics

from matplotlib.ticker import NullLocator

from benchmarks.cifar10_lt import runs
from ltzoo.report import style
from tools import plots

FACTORS = ("10", "50", "100", "200")
NAMED = ["ride_nbn", "nbn_balanced_softmax", "gcl", "mislas", "cross_entropy"]


def main():
    """Draw the picture."""
    options = plots.options(__doc__).parse_args()
    figure = style.figure(width=7.5, height=4.6)
    axes = style.tidy(
        figure.add_subplot(),
        title="CIFAR-10-LT",
        x="imbalance factor",
        y="top-1 accuracy (%)",
        grid="both",
    )
    lines = [(*line, "white") for line in papers()] + [(*line, None) for line in measured(options.csv)]
    for number, (name, points, face) in enumerate(lines):
        look = style.model_style(number)
        axes.plot(
            [float(factor) for factor in points],
            list(points.values()),
            label=name,
            markerfacecolor=face or look["color"],
            linestyle="--" if face else "-",
            **look,
        )
    axes.set_xscale("log")
    axes.set_xticks([float(factor) for factor in FACTORS], FACTORS)
    axes.xaxis.set_minor_locator(NullLocator())
    style.legend(axes, loc="lower left")
    figure.savefig(options.out, dpi=110)


def papers():
    """Return (name, {factor: top-1 in %}) of the papers' ResNet-32."""
    lines = []
    for name in NAMED:
        points = {}
        for factor in FACTORS:
            card = runs.card(name, "resnet32", factor)
            if card is not None:
                points[factor] = 100 * card["paper"]["top1"]
        experts = ", experts" if name.startswith("ride") else ""
        lines.append((f"{name}, its paper (resnet32{experts})", points))
    return lines


def measured(csv):
    """Return (name, {factor: top-1 in %}) of each recipe, network and length run at more than one factor."""
    rows, groups = runs.read(csv), {}
    for factor in FACTORS:
        for row in runs.as_registered(rows, factor):
            name = f"{row['recipe']}, here ({runs.label(row['backbone'])}, {row['epochs']} epochs)"
            groups.setdefault(name, {}).setdefault(factor, []).append(100 * float(row["top1"]))
    return [
        (name, {factor: statistics.mean(found) for factor, found in points.items()})
        for name, points in groups.items()
        if len(points) > 1
    ]


if __name__ == "__main__":
    main()
