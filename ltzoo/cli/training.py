"""One training into a run folder: build, fit, measure, report."""

import platform
import sys

import click
import keras
import numpy as np

import ltzoo
from ltzoo import backbones, data, models, recipes, shipped
from ltzoo.cli.console import console
from ltzoo.cli.data import load_dataset
from ltzoo.cli.errors import UserError
from ltzoo.cli.progress import TrainingProgress
from ltzoo.cli.run_folder import RunFolder
from ltzoo.cli.stage_results import StageResults
from ltzoo.files import atomic_write
from ltzoo.training import Recipe


def run_training(run: RunFolder, arguments: dict, saved: dict | None, workers: int) -> None:
    """Train by `arguments`, or go on with the training that wrote `saved` (the content of `run.json`)."""
    recipe, backbone, dataset = _parts(arguments)
    model = _build(recipe, backbone, dataset, arguments)
    if saved is None:
        run.write(_description(arguments, model, dataset))
    click.echo(repr(dataset).strip("<>").removeprefix("LongTailedDataset "))
    backend = keras.backend.backend()
    click.echo(
        f"{recipe.name}, {backbone['name']}, {recipe.epochs} epochs, {backend} backend, into {run.path}"
    )
    progress = TrainingProgress(_labels(recipe), len(dataset.train), console())
    stages = StageResults(run, model, dataset)
    try:
        history = model.fit(
            dataset,
            callbacks=[progress, stages],
            checkpoint=run.checkpoint,
            resume=run.checkpoint.is_dir(),
            seed=arguments["seed"],
            workers=workers,
            verbose=0,
        ).history
    finally:
        progress.close()
    run.write_history(history)
    with atomic_write(run.model) as temporary:
        model.save(temporary)
    stages.finish(history, title=f"{recipe.name} on {dataset.name}")


def _parts(arguments: dict) -> tuple:
    """Recipe, backbone and data set that the arguments name."""
    if arguments["recipe"] in shipped.names():
        card = models.card(arguments["recipe"])
        own = {
            key: arguments[key] for key in ("data_dir", "image_root", "skip_unreadable") if key in arguments
        }
        source = {**card.dataset, **own}
        return Recipe.from_dict(card.recipe), dict(card.backbone), data.load(source.pop("name"), **source)
    overrides = {key: arguments[key] for key in ("epochs", "batch_size") if key in arguments}
    overrides |= dict(arguments.get("settings", ()))
    recipe = recipes.get(arguments["recipe"], **_one_or_many(overrides))
    backbone = dict(arguments["backbone"])
    if backbone["name"] not in backbones.names():
        raise UserError(
            f"--backbone must be one of {', '.join(backbones.names())}. Received: {backbone['name']}"
        )
    dataset = load_dataset(arguments)
    return recipe if "augmentation" in overrides else recipes.for_dataset(recipe, dataset), backbone, dataset


def _one_or_many(overrides: dict) -> dict:
    epochs = overrides.get("epochs")
    if isinstance(epochs, list) and len(epochs) == 1:
        return {**overrides, "epochs": epochs[0]}
    return overrides


def _build(recipe, backbone, dataset, arguments):
    try:
        return models.build(backbone, recipe, dataset, seed=arguments["seed"])
    except TypeError as error:
        if len(backbone) > 1 and "argument" in str(error):
            raise UserError(f"--backbone {backbone['name']} has no such argument: {error}") from error
        raise


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
            "class_counts": [int(count) for count in dataset.class_counts],
        },
        "backend": backend,
        "versions": {
            "ltzoo": ltzoo.__version__,
            "keras": keras.__version__,
            backend: getattr(sys.modules.get(backend), "__version__", ""),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }
