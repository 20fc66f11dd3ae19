"""Print operations and minutes of whole runs on this machine.

    python -m benchmarks.speed.training_minutes --data-dir cifar-10-batches-py

CIFAR-10-LT at imbalance factor 100. Recipes of up to `--whole` epochs train to their end. Otherwise each stage trains
for three epochs, and each remaining epoch counts as the mean of the second and third. Seconds include compilation, but
not validation and evaluation. The first recipe is measured again at the end, to show changes of the machine's speed.
"""

import argparse
import os
from pathlib import Path

import keras

import ltzoo
from benchmarks.cifar10_lt import runs
from benchmarks.cifar10_lt.subsets import dataset_of
from ltzoo.cli.train import PRECISIONS
from ltzoo.training.callbacks import EpochSeconds
from tools.cards import training_cost

SAMPLE = 3
COLUMNS = ("Recipe", "Network", "Epochs", "PFLOP", "Minutes", "Measured")


def main():
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data-dir", type=Path, help="the official folder cifar-10-batches-py")
    source.add_argument("--npz", type=Path, help="arrays x_train, y_train, x_test, y_test of a subset")
    parser.add_argument(
        "--recipes", nargs="+", default=["fast", "gcl_published", "best"], help="recipe names"
    )
    parser.add_argument(
        "--whole", type=int, default=30, help="train recipes of up to this many epochs to their end"
    )
    parser.add_argument(
        "--precision", choices=PRECISIONS, default="mixed_bfloat16", help="precision of training"
    )
    options = parser.parse_args()
    options.validation = 0.0
    keras.config.set_dtype_policy(options.precision)
    cores = len(os.sched_getaffinity(0))
    print(
        f"CIFAR-10-LT, {options.precision}, {keras.backend.backend()}, {runs.device()}, {cores} cores, commit "
        f"{runs.commit()}\n\n| {' | '.join(COLUMNS)} |\n|---|---|---|--:|--:|---|",
        flush=True,
    )
    for name in (*options.recipes, options.recipes[0]):
        print(line(name, options), flush=True)


def line(name, options):
    """Train one recipe and format its row of the table."""
    data = dataset_of(100.0, options)
    recipe = ltzoo.recipes.get(name)
    backbone = runs.network(ltzoo.recipes.default_backbone(name))
    epochs = [stage.epochs for stage in recipe.stages]
    cost = training_cost.cost(recipe.to_dict(), backbone, data.image_shape, data.class_counts.tolist())
    whole = sum(epochs) <= options.whole
    trained = epochs if whole else [min(number, SAMPLE) for number in epochs]
    model = ltzoo.models.build(backbone, ltzoo.recipes.get(name, epochs=trained), data, seed=0)
    history = model.fit(data, verbose=0, seed=0, callbacks=[EpochSeconds()]).history
    total = 0.0
    for stage, number in enumerate(epochs, start=1):
        seconds = [s for s, of in zip(history["seconds"], history["stage"], strict=True) if of == stage]
        left = number - len(seconds)
        total += sum(seconds) + (left * sum(seconds[1:]) / (len(seconds) - 1) if left else 0.0)
    keras.backend.clear_session(free_memory=True)
    measured = "whole" if whole else f"{'+'.join(map(str, trained))} epochs"
    cells = (
        f"`{name}`",
        backbone["name"],
        "+".join(map(str, epochs)),
        cost["training_pflops"],
        f"{total / 60:.1f}",
    )
    return f"| {' | '.join(map(str, (*cells, measured)))} |"


if __name__ == "__main__":
    main()
