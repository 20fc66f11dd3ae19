"""Train the recipes of the papers' CIFAR-10-LT table, one CSV row per run.

    python -m benchmarks.cifar10_lt.train --data-dir cifar-10-batches-py --seeds 3

Each (recipe, imbalance factor, seed) has one row of the CSV. Missing rows are run seed by seed, factor by factor,
recipe by recipe. A run that would not end within `--time-limit` is not started; the same command resumes there next
time. With `--checkpoints` it also resumes inside a run.

Training uses all published images (or all but `--validation`), and the last epoch is tested: columns `top1` and so on.
With a validation split, `validation_top1` is its accuracy after the last epoch, and the columns `chosen_*` are the test
results of the epoch that was best on it. The test images choose nothing.

With `--checkpoints`, recipes with the same first stage train it once; `stage_seconds` and `seconds` count it in each.

`--on-device` keeps images and augmentation on the accelerator (JAX) for recipes whose augmentation can run there. With
`--precision mixed_bfloat16`, training computes in mixed bfloat16; evaluation and the models of `--weights` use float32.
"""

import argparse
import dataclasses
import json
import time
from pathlib import Path

import keras

import ltzoo
from benchmarks.cifar10_lt import runs
from benchmarks.cifar10_lt.first_stages import first_stage_of
from benchmarks.cifar10_lt.subsets import dataset_of
from ltzoo.class_counts import long_tail_counts
from ltzoo.cli.train import PRECISIONS
from ltzoo.data.augmentation import device_names
from ltzoo.models.layer_precision import float32_layer
from ltzoo.training.callbacks import EpochSeconds, seconds_by_stage

KEY = (
    "recipe",
    "imbalance_factor",
    "seed",
    "epochs",
    "backbone",
    "validation",
    "backend",
    "overrides",
    "precision",
)
RECIPES = [
    "cross_entropy",
    "mixup",
    "crt_mixup",
    "ldam_drw",
    "balanced_softmax",
    "gcl",
    "gcl_published",
    "mislas",
    "nbn",
    "nbn_balanced_softmax",
    "camc",
    "fsa",
]


def main(arguments=None):
    """Run what is missing and append its rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data-dir", type=Path, help="the official folder cifar-10-batches-py")
    source.add_argument(
        "--npz", type=Path, help="arrays x_train, y_train, x_test, y_test of a subset, in its order per class"
    )
    parser.add_argument(
        "--recipes", nargs="+", default=RECIPES, help="recipe names; default: the papers' table"
    )
    parser.add_argument("--factors", nargs="+", type=float, default=[100.0], help="imbalance factors")
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds, from 0")
    parser.add_argument(
        "--backbone",
        help="a name, or JSON of name and arguments; default: the recipe's network, mostly resnet32",
    )
    parser.add_argument(
        "--share",
        type=float,
        default=1.0,
        help="fraction of the registered epochs, in every stage; at least one epoch",
    )
    parser.add_argument(
        "--validation",
        type=float,
        default=0.0,
        help="validation split: below 1, the fraction of every class to hold out; else images per class, taken from "
        "CIFAR-10's training images outside the subset, and held out where those are too few",
    )
    parser.add_argument(
        "--overrides", default="{}", help="JSON object of changes for ltzoo.recipes.get, for experiments"
    )
    parser.add_argument("--on-device", action="store_true", help="keep images on the accelerator (JAX)")
    parser.add_argument("--precision", choices=PRECISIONS, default="float32", help="precision of training")
    parser.add_argument(
        "--time-limit", type=float, default=float("inf"), help="seconds for the whole command"
    )
    parser.add_argument("--checkpoints", type=Path, help="folder of checkpoints, to resume inside a run")
    parser.add_argument("--weights", type=Path, help="folder for the trained models, as .keras files")
    parser.add_argument("--csv", type=Path, default=runs.RESULTS / "cifar10_lt.csv", help="file for the rows")
    options = parser.parse_args(arguments)
    begin = time.perf_counter()
    keras.config.set_dtype_policy(options.precision)
    for seed, factor, name in missing(options):
        left = options.time_limit - (time.perf_counter() - begin)
        if expected_seconds(name, factor, options) > left:
            print(f"{name} at {factor:g}, seed {seed}: not started, {left:.0f} s left", flush=True)
            continue
        row = run(name, factor, seed, options)
        runs.append(options.csv, row, KEY)
        print(
            f"{name:24s} {factor:5g} seed {seed} top-1 {row['top1']} few {row['few']} {row['seconds']} s",
            flush=True,
        )


def missing(options):
    """Return (seed, factor, recipe) of the runs without a row."""
    rows = runs.read(options.csv)
    done = {tuple(row[column] for column in (*KEY, "recipe_hash")) for row in rows}
    wanted = [
        (seed, factor, name)
        for seed in range(options.seeds)
        for factor in options.factors
        for name in options.recipes
    ]
    return [task for task in wanted if _identity(*task, options) not in done]


def _identity(seed, factor, name, options):
    row = origin(name, factor, seed, options)
    return tuple(str(row[column]) for column in (*KEY, "recipe_hash"))


def expected_seconds(name, factor, options):
    """Estimate seconds from the last run of this recipe and the number of images; 0 if there was none."""
    rows = [
        row
        for row in runs.read(options.csv)
        if row["recipe"] == name
        and row["device"] == runs.device()
        and row["backbone"] == backbone(name, options)
    ]
    if not rows:
        return 0.0
    before = float(rows[-1]["imbalance_factor"])
    images, then = (long_tail_counts(5000, 10, number).sum() for number in (factor, before))
    return 1.1 * float(rows[-1]["seconds"]) * images / then


def backbone(name, options):
    """Return the network for a recipe."""
    return options.backbone or ltzoo.recipes.default_backbone(name)


def adapted(name, options):
    """Return the recipe with its share of the epochs, and with augmentation on the device if possible."""
    overrides = json.loads(options.overrides)
    recipe = ltzoo.recipes.get(name, **overrides)
    if options.share != 1:
        own = [stage.epochs for stage in recipe.stages]
        epochs = [max(1, round(options.share * number)) if number else 0 for number in own]
        recipe = ltzoo.recipes.get(name, **{"epochs": epochs, **overrides})
    if not options.on_device:
        return recipe
    stages = [
        dataclasses.replace(stage, augment_on="device")
        if not stage.cache_features and all(step["name"] in device_names() for step in stage.augmentation)
        else stage
        for stage in recipe.stages
    ]
    return dataclasses.replace(recipe, stages=tuple(stages))


def origin(name, factor, seed, options):
    """Return the columns that identify a run."""
    recipe = adapted(name, options)
    return {
        "recipe": name,
        "overrides": options.overrides,
        "imbalance_factor": f"{factor:g}",
        "seed": seed,
        "validation": f"{options.validation:g}",
        "recipe_hash": runs.recipe_hash(recipe),
        "backbone": backbone(name, options),
        "epochs": "+".join(str(stage.epochs) for stage in recipe.stages),
        "commit": runs.commit(),
        "backend": keras.backend.backend(),
        "keras": keras.__version__,
        "precision": options.precision,
        "device": runs.device(),
    }


def run(name, factor, seed, options):
    """Train and evaluate one recipe; return its row of the CSV."""
    data = dataset_of(factor, options)
    recipe, about = adapted(name, options), origin(name, factor, seed, options)
    model = ltzoo.models.build(runs.network(backbone(name, options)), recipe, data, seed=seed)
    best = Best(model)
    on_device = options.on_device and all(
        stage.augment_on == "device" for stage in recipe.stages if stage.epochs
    )
    checkpoint = options.checkpoints and options.checkpoints / runs.run_name(about)
    callbacks = [EpochSeconds(), best] if options.validation else [EpochSeconds()]
    if checkpoint is not None:
        data_of_run = {
            "factor": factor,
            "backbone": backbone(name, options),
            "validation": options.validation,
            "precision": options.precision,
        }
        first = first_stage_of(model, options.checkpoints / "first_stages", data_of_run, seed)
        callbacks.append(first)
        if not checkpoint.exists():
            first.take(checkpoint, seed)
    history = model.fit(
        data,
        verbose=0,
        seed=seed,
        callbacks=callbacks,
        checkpoint=checkpoint,
        resume=checkpoint is not None and checkpoint.exists(),
        on_device=on_device,
    )
    model = float32_layer(model)
    last = ltzoo.metrics.evaluate(model, data.test)
    each = seconds_by_stage(history.history, len(recipe.stages))
    seconds = sum(each)
    images = sum(stage.epochs for stage in recipe.stages) * len(data.train.labels)
    row = {
        **about,
        **runs.measured(last),
        "stage_seconds": " ".join(f"{value:.1f}" for value in each),
        "seconds": f"{seconds:.1f}",
        "images_per_second": f"{images / seconds:.0f}",
    }
    if options.weights is not None:
        options.weights.mkdir(parents=True, exist_ok=True)
        model.save(options.weights / runs.model_file(row))
    chosen = dict.fromkeys((f"chosen_{key}" for key in ("epoch", *runs.METRICS)), "")
    chosen["validation_top1"] = ""
    if options.validation:
        chosen["validation_top1"] = f"{ltzoo.metrics.evaluate(model, data.val).top1:.4f}"
    if best.weights is not None:
        model.set_weights(best.weights)
        result = runs.measured(ltzoo.metrics.evaluate(model, data.test))
        chosen |= {"chosen_epoch": best.epoch, **{f"chosen_{key}": result[key] for key in runs.METRICS}}
    keras.backend.clear_session(free_memory=True)
    return {**row, **chosen}


class Best(keras.callbacks.Callback):
    """Keep the weights of the epoch in the last stage with the best validation accuracy."""

    def __init__(self, classifier):
        super().__init__()
        self.classifier = classifier
        self.accuracy, self.epoch, self.weights = -1.0, None, None

    def on_epoch_end(self, epoch, logs=None):
        """Keep the weights if the epoch is the best so far."""
        last = logs["stage"] == len(self.classifier.recipe.stages)
        if last and logs["val_accuracy"] > self.accuracy:
            self.accuracy, self.epoch = logs["val_accuracy"], epoch + 1
            self.weights = self.classifier.get_weights()


if __name__ == "__main__":
    main()
