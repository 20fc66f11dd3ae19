"""An ablation as bars: `python benchmarks/ablation_plot.py fast --out docs/ablation_fast.png`.

One bar a variant: its accuracy less that of what it is compared with (a color for each), the mean over the seeds; the
line is the sample standard deviation.
"""

import argparse
from pathlib import Path

import runs
from ablation_table import COLUMNS, difference
from ablation_variants import ABLATIONS

from ltzoo.report import style

PANELS = {"All": "all classes", "Rarest 3": "the rarest three", "ECE": "ECE"}


def main():
    """Draws the picture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipe", choices=ABLATIONS)
    parser.add_argument("--out", type=Path, required=True, help="the picture")
    options = parser.parse_args()
    ablation = ABLATIONS[options.recipe]
    variants = ablation.by_variant(runs.read(runs.RESULTS / f"cifar10_lt_ablation_{options.recipe}.csv"))
    shown = [variant for variant in variants if variant != ablation.reference(variant)]
    figure = style.figure(width=9.5, height=0.8 + 0.3 * len(shown))
    all_axes = figure.subplots(1, len(PANELS), sharey=True)
    for axes, (column, title) in zip(all_axes, PANELS.items(), strict=True):
        bars(axes, options.recipe, variants, shown, COLUMNS[column])
        style.tidy(axes, title=title, x="percentage points", grid="x")
    all_axes[0].set_yticks(range(len(shown)), shown, fontsize=9)
    all_axes[0].invert_yaxis()
    figure.savefig(options.out, dpi=110)


def bars(axes, recipe, variants, shown, value):
    """One panel."""
    for place, variant in enumerate(shown):
        reference = ABLATIONS[recipe].reference(variant)
        mean, spread = difference(variants, variant, reference, value)
        color = style.MODEL_COLORS[int(reference == recipe)]
        axes.barh(place, mean, xerr=spread, color=color, error_kw={"ecolor": style.INK, "linewidth": 1})
    axes.axvline(0.0, color=style.INK, linewidth=0.8)


if __name__ == "__main__":
    main()
