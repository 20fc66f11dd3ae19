"""What the parts of a recipe do: `python benchmarks/ablation.py fast --data-dir cifar-10-batches-py --seeds 3`.

CIFAR-10-LT at imbalance factor 100, `fastnet` of half the width and few epochs, so that a training takes minutes on a
CPU core. "Alone": one part added to cross-entropy with crops and flips. "Without": one part taken out of the recipe.
"Instead" and "with": other methods of this library in its place or on top of it.

Rows as those of `benchmarks/cifar_lt.py`, in a file of their own. 400 images a class that the training does not see are
the validation split. Several processes can share the work, each with its `--part` and its own `--csv`.
"""

import argparse
import json
from pathlib import Path

import cifar_lt
import runs
from ablation_variants import ABLATIONS, BACKBONE

from ltzoo.cli.train import PRECISIONS


def main():
    """Runs what is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipe", choices=ABLATIONS)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds, from 0")
    parser.add_argument(
        "--part", type=int, nargs=2, default=(0, 1), metavar=("I", "N"), help="every N-th, from I"
    )
    parser.add_argument("--precision", choices=PRECISIONS, default="float32")
    parser.add_argument("--checkpoints", type=Path, help="folder; variants share their first stages there")
    parser.add_argument("--csv", type=Path, help="default: cifar10_lt_ablation_RECIPE.csv of the results")
    options = parser.parse_args()
    names = ABLATIONS[options.recipe].names
    for seed in range(options.seeds):
        for variant in names[options.part[0] :: options.part[1]]:
            cifar_lt.main(arguments(variant, seed, options))


def arguments(variant, seed, options):
    """The command line of `cifar_lt.py` for a variant, up to this seed."""
    given = {
        "--data-dir": str(options.data_dir),
        "--recipes": options.recipe,
        "--backbone": json.dumps(BACKBONE),
        "--overrides": ABLATIONS[options.recipe].overrides(variant),
        "--validation": "400",
        "--seeds": str(seed + 1),
        "--precision": options.precision,
        "--csv": str(options.csv or runs.RESULTS / f"cifar10_lt_ablation_{options.recipe}.csv"),
    }
    if options.checkpoints is not None:
        given["--checkpoints"] = str(options.checkpoints)
    return [text for pair in given.items() for text in pair]


if __name__ == "__main__":
    main()
