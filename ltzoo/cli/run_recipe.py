"""Run a recipe: build, fit, measure and report into a run folder."""

import platform
import sys
import warnings
from typing import Any

import keras
import numpy as np

from ltzoo import data, models, recipes, shipped
from ltzoo.cli.advice import advice
from ltzoo.cli.console import console, echo
from ltzoo.cli.data import load_dataset, of_fold
from ltzoo.cli.models import load_model
from ltzoo.cli.options import SCRATCH
from ltzoo.cli.progress import TrainingProgress
from ltzoo.cli.recipe_of_run import overrides_of, recipe_of
from ltzoo.cli.run_folder import RunFolder
from ltzoo.cli.run_folds import run_folds
from ltzoo.cli.stage_results import StageResults
from ltzoo.cli.user_errors import UserError
from ltzoo.files import atomic_write
from ltzoo.models.start_from import start_from
from ltzoo.recipes.recipe import Recipe
from ltzoo.training import TrainingAlarm
from ltzoo.version import __version__


def run_recipe(run: RunFolder, arguments: dict, saved: dict | None, workers: int) -> None:
    """Train as `arguments` say, or resume the run that wrote `saved` (the content of `run.json`)."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(arguments.get("precision", before))
    try:
        if "folds" in arguments and "fold" not in arguments:
            _train_folds(run, arguments, saved, workers)
        else:
            _train(run, arguments, saved, workers)
    finally:
        run.release()
        keras.config.set_dtype_policy(before)


def _train_folds(run, arguments, saved, workers):
    """Train each fold in a folder of its own, then the model of the run on all images."""
    whole = load_dataset({key: value for key, value in arguments.items() if key != "folds"})
    count, seed = arguments["folds"], arguments.get("data_seed", 0)
    dataset = of_fold(whole, count, None, seed)

    def train_fold(fold, own, written):
        try:
            _train(fold, own, written, workers, of_fold(whole, count, own["fold"], seed))
        finally:
            fold.release()

    run.hold(resume=saved is not None)
    if saved is None:
        recipe, backbone, _, card = _parts(arguments, dataset)
        run.write(_description(arguments, _build(recipe, backbone, dataset, arguments, card), dataset))
    pooled = run_folds(run, arguments, dataset, train_fold)
    _train(run, arguments, run.read(), workers, dataset, pooled)


def _train(run, arguments, saved, workers, dataset=None, pooled=None):
    recipe, backbone, dataset, card = _parts(arguments, dataset)
    model = _build(recipe, backbone, dataset, arguments, card)
    if arguments.get("start_from", SCRATCH) != SCRATCH:
        fresh = start_from(model, load_model(arguments["start_from"]))
        rest = f"; new: {', '.join(fresh)}" if fresh else ""
        echo(f"starts from the backbone of {arguments['start_from']}{rest}")
    model.load_files()
    if pooled is None:  # Otherwise it is held already.
        run.hold(resume=saved is not None)
    if saved is None:
        run.write(_description(arguments, model, dataset))
    echo(repr(dataset).strip("<>").removeprefix("LongTailedDataset "))
    backend = keras.backend.backend()
    echo(f"{recipe.name}, {backbone['name']}, {recipe.epochs} epochs, {backend} backend, into {run.path}")
    if saved is None:
        for line in advice(arguments, dataset):
            echo(f"Note: {line}")
    progress = TrainingProgress(_labels(recipe), len(dataset.train), console())
    stages = StageResults(run, model, dataset, arguments.get("data"), pooled)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TrainingAlarm)  # `finish` prints the alarms.
            fitted: Any = model.fit(
                dataset,
                callbacks=[progress, stages],
                checkpoint=run.checkpoint,
                resume=run.checkpoint.is_dir(),
                seed=arguments["seed"],
                workers=workers,
                verbose=0,
            )
    finally:
        progress.close()
    history = fitted.history
    run.write_history(history)
    with atomic_write(run.model) as temporary:
        model.save(temporary)
    stages.finish(history, title=f"{recipe.name} on {dataset.name}", alarms=fitted.alarms)


def _parts(arguments: dict, dataset=None) -> tuple:
    """Return the recipe, backbone and dataset that the arguments name, and a zoo entry's card or None.

    A `dataset` that is loaded already is returned as it is.
    """
    if arguments["recipe"] in shipped.names():
        card = models.card(arguments["recipe"])
        own = {
            key: arguments[key] for key in ("data_dir", "image_root", "skip_unreadable") if key in arguments
        }
        source = {**card.dataset, **own}
        dataset = data.load(source.pop("name"), **source)
        if tuple(dataset.class_counts) != card.class_counts:
            raise UserError(
                f"The data do not match {card.name}: it has {len(card.class_counts)} classes with "
                f"{sum(card.class_counts):,} training images, in a fixed order. "
                f"Received: {len(dataset.train):,} images in {dataset.num_classes} classes"
            )
        return Recipe.from_dict(card.recipe), dict(card.backbone), dataset, card
    recipe, backbone = recipe_of(arguments), dict(arguments["backbone"])
    dataset = load_dataset(arguments) if dataset is None else dataset
    if "augmentation" not in overrides_of(arguments):
        recipe = recipes.for_dataset(recipe, dataset)
    return recipe, backbone, dataset, None


def _build(recipe, backbone, dataset, arguments, card):
    pixels = {} if card is None else {"mean": card.mean, "std": card.std}
    return models.build(backbone, recipe, dataset, seed=arguments["seed"], **pixels)


def _labels(recipe) -> list[tuple[str, int]]:
    if len(recipe.stages) == 1:
        return [("training", recipe.stages[0].epochs)]
    return [(f"stage {number}", stage.epochs) for number, stage in enumerate(recipe.stages, start=1)]


def _description(arguments: dict, model, dataset) -> dict:
    backend = keras.backend.backend()
    return {
        "arguments": arguments,
        "recipe": model.recipe.to_dict(),
        "dataset": {
            "name": dataset.name,
            "image_shape": list(dataset.image_shape),
            "images": {name: len(split) for name, split in dataset.splits().items()},
            "class_names": list(dataset.class_names),
            "class_counts": dataset.class_counts.tolist(),
        },
        "backend": backend,
        "versions": {
            "ltzoo": __version__,
            "keras": keras.__version__,
            backend: getattr(sys.modules.get(backend), "__version__", ""),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }
