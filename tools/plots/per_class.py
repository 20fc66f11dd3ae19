"""Draw the accuracy of every class on CIFAR-10-LT.

    python -m tools.plots.per_class --recipes A B --out PICTURE

Means over seeds of the CSV's rows at imbalance factor 100, for unchanged recipes, separately per network and length.
"""

from types import SimpleNamespace

import numpy as np

from benchmarks.cifar10_lt import runs
from ltzoo.class_counts import long_tail_counts
from ltzoo.data.cifar10_lt import CLASS_NAMES
from ltzoo.report import plots as report_plots
from tools import plots


def main():
    """Draw the picture."""
    parser = plots.options(__doc__)
    parser.add_argument("--recipes", nargs="+", required=True, help="recipe names, in drawing order")
    options = parser.parse_args()
    groups = {}
    for row in runs.as_registered(runs.read(options.csv)):
        if row["recipe"] in options.recipes:
            groups.setdefault((row["recipe"], row["backbone"], row["epochs"]), []).append(
                row["per_class"].split()
            )
    results = {}
    for group in sorted(groups, key=lambda group: options.recipes.index(group[0])):
        recipe, backbone, epochs = group
        accuracies = np.array(groups[group], "float64")
        name = f"{runs.named(recipe, backbone)}, {epochs} epochs"
        results[name] = SimpleNamespace(per_class=accuracies.mean(axis=0))
    counts = long_tail_counts(5000, 10, 100.0)
    report_plots.class_accuracy(results, counts, CLASS_NAMES).savefig(options.out, dpi=110)


if __name__ == "__main__":
    main()
