"""Reliability diagrams of trained models: `python benchmarks/calibration.py --entries ENTRY ... --out PICTURE`.

As Figures 1, 4 and 7 of the MiSLAS paper: accuracy against confidence in 15 bins on the test images, one panel for each
entry of the zoo that is named. Prints accuracy and calibration errors.
"""

import argparse
import json
from pathlib import Path

import runs

import ltzoo
from ltzoo.report import plots


def main():
    """Measures, prints and draws."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data-dir", type=Path, required=True, help="the official folder cifar-10-batches-py"
    )
    parser.add_argument("--entries", nargs="+", required=True, help="entries of the zoo with weights")
    parser.add_argument("--out", type=Path, required=True, help="the picture")
    options = parser.parse_args()
    test = ltzoo.data.load("cifar10_lt", imbalance_factor=100, data_dir=options.data_dir).test
    results = {}
    for entry in options.entries:
        model = ltzoo.models.load(entry)
        epochs = "+".join(str(stage.epochs) for stage in model.recipe.stages)
        backbone = json.dumps(ltzoo.models.card(entry).backbone)
        name = f"{runs.named(model.recipe.name, backbone)}, {epochs} epochs"
        results[name] = result = ltzoo.metrics.evaluate(model, test)
        print(
            f"{entry:50s} top-1 {100 * result.top1:6.2f}  ECE {100 * result.ece:6.2f}  MCE {100 * result.mce:6.2f}",
            flush=True,
        )
    plots.reliability_diagram(results).savefig(options.out, dpi=110)


if __name__ == "__main__":
    main()
