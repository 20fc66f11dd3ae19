"""Run a recipe: build, fit, measure and report into a run folder."""

import platform
import sys
import warnings
from typing import Any

import keras
import numpy as np

from ltzoo import data, models, recipes, shipped
from ltzoo.cli.console import echo
from ltzoo.cli.data import load_dataset, of_fold
from ltzoo.cli.estimate import Estimate, plan_of
from ltzoo.cli.kept import said_of_kept
from ltzoo.cli.models import load_model
from ltzoo.cli.options import SCRATCH
from ltzoo.cli.progress import TrainingProgress
from ltzoo.cli.recipe_of_run import overrides_of, recipe_and_source, recipe_of_entry
from ltzoo.cli.reuse_option import shared_first_stage
from ltzoo.cli.run_folder import RunFolder
from ltzoo.cli.run_folds import run_folds
from ltzoo.cli.same_images import check_resumed, listing
from ltzoo.cli.stage_results import StageResults
from ltzoo.cli.talk import Talk
from ltzoo.cli.training_notes import training_notes
from ltzoo.cli.user_errors import UserError
from ltzoo.data.image_fit import AUTO
from ltzoo.files import atomic_write
from ltzoo.models.start_from import start_from
from ltzoo.phases import phase
from ltzoo.recipes.accumulation import check_accumulation
from ltzoo.training import GrayImagesWarning, LogTo, TrainingAlarm
from ltzoo.version import __version__


def run_recipe(
    run: RunFolder,
    arguments: dict,
    saved: dict | None,
    workers: int,
    talk: Talk,
    cache: bool = False,
    reuse: bool | None = None,
) -> None:
    """Train as `arguments` say, or resume the run that wrote `saved` (the content of `run.json`).

    Args:
        run: the run folder.
        arguments: everything that determines the run.
        saved: the content of `run.json`, or None for a new run.
        workers: threads that prepare batches.
        talk: what tells the user how far the run is.
        cache: keep decoded images of a folder on disk.
        reuse: share the first stage with other runs; None shares that of a zoo entry.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(arguments.get("precision", before))
    try:
        if "folds" in arguments and "fold" not in arguments:
            _train_folds(run, arguments, saved, workers, talk, cache)
        else:
            reuse = arguments["recipe"] in shipped.names() if reuse is None else reuse
            _train(run, arguments, saved, workers, talk, cache, reuse=reuse)
    finally:
        run.release()
        keras.config.set_dtype_policy(before)


def _train_folds(run, arguments, saved, workers, talk, cache):
    """Train each fold in a folder of its own, then the model of the run on all images."""
    with phase("reading the data"):
        whole = load_dataset(arguments, cache=cache, undivided=True)
    if arguments.get("fit") == AUTO:
        arguments = {**arguments, "fit": whole.image_fit}
    count, seed = arguments["folds"], arguments.get("data_seed", 0)
    of_fold(whole, count, 1, seed)  # Too many folds are refused before anything is written.
    dataset = of_fold(whole, count, None, seed)

    def train_fold(fold, own, written):
        try:
            _train(fold, own, written, workers, talk, cache, of_fold(whole, count, own["fold"], seed))
        finally:
            fold.release()

    run.hold(resume=saved is not None)
    if saved is None:
        recipe, backbone, _, card, _ = _parts(arguments, cache, dataset)
        run.write(_description(arguments, _build(recipe, backbone, dataset, arguments, card), dataset))
    pooled = run_folds(run, arguments, dataset, train_fold)
    _train(run, arguments, run.read(), workers, talk, cache, dataset, pooled)


def _train(run, arguments, saved, workers, talk, cache, dataset=None, pooled=None, reuse=False):
    with phase("reading the data"):
        recipe, backbone, dataset, card, source = _parts(arguments, cache, dataset)
    check_accumulation(arguments.get("accumulate", 1), recipe)
    if saved is not None:
        check_resumed(run, dataset)
    if arguments.get("fit") == AUTO:
        arguments = {**arguments, "fit": dataset.image_fit}
    with phase("building the network"):
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
    if source is not None:
        echo(source)
    if saved is None:
        for line in training_notes(arguments, dataset):
            echo(f"Note: {line}")
    stages = StageResults(run, model, dataset, arguments.get("data"), pooled)
    plan = plan_of(recipe, dataset, stages.images)
    talk.expect(Estimate(plan, talk.clock, talk.started))
    shared = [shared_first_stage(arguments, model, dataset, run, stages)] if reuse else []
    logs = [
        LogTo(name, run.logs, run.path.resolve().name, {"data": dataset.name}, resume=saved is not None)
        for name in arguments.get("log", ())
    ]
    progress = TrainingProgress(_labels(recipe), len(dataset.train), talk.console, talk, plan)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TrainingAlarm)  # `finish` prints the alarms.
            warnings.simplefilter("ignore", GrayImagesWarning)  # `training_notes` names the option.
            fitted: Any = model.fit(
                dataset,
                callbacks=[progress, stages, *shared, *logs],
                checkpoint=run.checkpoint,
                resume=run.checkpoint.is_dir(),
                seed=arguments["seed"],
                keep=arguments.get("keep", "last"),
                patience=arguments.get("patience"),
                accumulate=arguments.get("accumulate", 1),
                workers=workers,
                verbose=0,
            )
    finally:
        progress.close()
    history = fitted.history
    for line in said_of_kept(fitted.kept, arguments.get("keep", "last"), recipe):
        echo(line)
    run.write_history(history)
    with phase("saving the model"), atomic_write(run.model) as temporary:
        model.save(temporary)
    stages.finish(history, title=f"{recipe.name} on {dataset.name}", alarms=fitted.alarms, kept=fitted.kept)


def _parts(arguments: dict, cache: bool, dataset=None) -> tuple:
    """Return recipe, backbone and dataset, a zoo entry's card or None, and a sentence on the constants or None.

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
        recipe, source = recipe_of_entry(card.name, card.recipe, arguments)
        return recipe, dict(card.backbone), dataset, card, source
    dataset = load_dataset(arguments, cache=cache) if dataset is None else dataset
    (recipe, source), backbone = recipe_and_source(arguments, dataset), dict(arguments["backbone"])
    if "augmentation" not in overrides_of(arguments):
        recipe = recipes.for_dataset(recipe, dataset)
    return recipe, backbone, dataset, None, source


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
            "listing": listing(dataset, arguments.get("data")),
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
