"""Add trained models to the zoo.

    python -m benchmarks.cifar10_lt.ship --models FOLDER --data-dir cifar-10-batches-py

For each recipe and network of the CSV, the seed with the best top-1 becomes an entry: weights, card and golden outputs
in weights/. The model is evaluated again and must have the accuracy of its row. Weights are stored as float16 if that
changes the accuracy by at most 0.05 points. Rows with other epochs than the registered ones are left out. `--seed`
chooses that seed whatever its accuracy, as in best_sgd_seed0_fastnet_cifar10_lt. Afterwards, run
`python -m tools.cards` to update all cards.
"""

import argparse
import shlex
from pathlib import Path

import keras

import ltzoo
from benchmarks.cifar10_lt import runs
from ltzoo.models.half_precision import rounded_to_half
from tools.cards import training_cost

COST_OF_HALF = 0.0005  # largest change of top-1 by float16


def main():
    """Write the entries and print their names and accuracies."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--models", type=Path, required=True, help="folder filled by --weights of benchmarks.cifar10_lt.train"
    )
    parser.add_argument(
        "--data-dir", type=Path, required=True, help="the official folder cifar-10-batches-py"
    )
    parser.add_argument("--csv", type=Path, default=runs.RESULTS / "cifar10_lt.csv", help="rows of results")
    parser.add_argument("--factor", default="100", help="imbalance factor")
    parser.add_argument("--recipes", nargs="+", help="default: all in the CSV")
    parser.add_argument("--backbones", nargs="+", help="as in the CSV; default: all")
    parser.add_argument("--seed", help="default: the best one")
    options = parser.parse_args()
    data = ltzoo.data.load(
        "cifar10_lt", imbalance_factor=float(options.factor), data_dir=options.data_dir, seed=0
    )
    for row in best_seeds(options):
        ship(row, data, options)


def best_seeds(options):
    """Return the best row by top-1 of every unchanged recipe and network, at the registered epochs."""
    best = {}
    seeds = None if options.seed is None else [options.seed]
    for row in runs.as_registered(runs.read(options.csv), options.factor):
        wanted = {"recipe": options.recipes, "backbone": options.backbones, "seed": seeds}
        if any(names is not None and row[column] not in names for column, names in wanted.items()):
            continue
        if row["epochs"] != runs.own_epochs(row["recipe"]):
            continue
        key = (row["recipe"], row["backbone"])
        if key not in best or float(row["top1"]) > float(best[key]["top1"]):
            best[key] = row
    return best.values()


def ship(row, data, options):
    """Write one entry."""
    file = runs.model_file(row)
    model = keras.saving.load_model(options.models / file)
    epochs = "+".join(str(stage.epochs) for stage in model.recipe.stages)
    result = ltzoo.metrics.evaluate(model, data.test)
    if epochs != row["epochs"] or runs.measured(result)["top1"] != row["top1"]:
        raise SystemExit(
            f"{file} in `models` must match its row ({row['epochs']} epochs, top-1 {row['top1']}); train it again. "
            f"Received: epochs={epochs}, top1={result.top1:.4f}"
        )
    rounded = ltzoo.metrics.evaluate(rounded_to_half(model), data.test)
    half = round(abs(rounded.top1 - result.top1), 4) <= COST_OF_HALF
    result = rounded if half else result
    name = entry_name(row, options.seed)
    ltzoo.models.publish(
        model,
        name,
        runs.ROOT / "weights",
        backbone=runs.network(row["backbone"]),
        dataset={"name": "cifar10_lt", "imbalance_factor": int(options.factor), "seed": 0},
        measured=result,
        weights_license="Apache-2.0",
        origin="Trained by the ltzoo project",
        half=half,
        training={
            "backend": row["backend"],
            "seconds": float(row["seconds"]),
            "command": command(row),
            "commit": row["commit"],
            "device": row["device"],
            "epochs": row["epochs"],
        },
        cost=training_cost.cost(
            model.recipe.to_dict(),
            runs.network(row["backbone"]),
            model.image_shape,
            model.class_counts.tolist(),
        ),
    )
    kind = "float16" if half else "float32"
    print(f"{name}: top-1 {100 * result.top1:.2f}, ECE {100 * result.ece:.2f}, {kind}", flush=True)
    keras.backend.clear_session(free_memory=True)


def command(row):
    """Return the command that trains a row."""
    words = ["python -m benchmarks.cifar10_lt.train --data-dir cifar-10-batches-py --recipes", row["recipe"]]
    if row["backbone"] != ltzoo.recipes.default_backbone(row["recipe"]):
        words += ["--backbone", shlex.quote(row["backbone"])]
    if row["imbalance_factor"] != "100":
        words += ["--factors", row["imbalance_factor"]]
    if row["precision"] != "float32":
        words += ["--precision", row["precision"]]
    return " ".join(words)


def entry_name(row, seed):
    """Return METHOD_BACKBONE_DATASET; a given seed is appended to the method."""
    number = "" if seed is None else f"_seed{seed}"
    return runs.entry_name(row["recipe"] + number, row["backbone"], row["imbalance_factor"])


if __name__ == "__main__":
    main()
