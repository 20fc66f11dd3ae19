"""The data that a trained model is measured on: those of its training, or others."""

import os

import click

from ltzoo import shipped
from ltzoo.cli import cards
from ltzoo.cli import data as data_module
from ltzoo.cli.run_folder import RunFolder
from ltzoo.cli.table_options import columns_for
from ltzoo.cli.user_errors import UserError


def source_of(model: str, data: str | None, given: dict) -> dict:
    """Return the arguments for `load_dataset`: the given ones, on top of the run's own where `data` is None.

    Another table than that of the run has the run's columns of paths and labels, if it has columns of these names.
    """
    if data is not None:
        run = RunFolder(model)
        trained = run.read()["arguments"] if run.is_run() else {}
        return {"data": data, **columns_for(data, trained, given), **given}
    if model in shipped.names():
        return {"card": cards.read(model)["dataset"], **given}
    run = RunFolder(model)
    if not run.is_run():
        raise click.UsageError(
            f"Missing option '--data': {model} does not say which data it was trained on. "
            "Received: no --data",
            click.get_current_context(),
        )
    arguments = run.read()["arguments"]
    seed = arguments.get("data_seed") or 0
    if given.get("data_seed", seed) != seed:
        raise UserError(
            f"--data-seed must be that of the training, {seed}; another one would measure images that were trained on. "
            f"Received: {given['data_seed']}"
        )
    if arguments["recipe"] in shipped.names():
        own = {
            key: arguments[key] for key in ("data_dir", "image_root", "skip_unreadable") if key in arguments
        }
        return {"card": cards.read(arguments["recipe"])["dataset"], **own, **given}
    return {**arguments, **given}


def unless_own(model: str, data: str) -> str | None:
    """Return a dataset, or None if the run was trained on this folder or table, whose splits are then the run's."""
    run = RunFolder(model)
    own = run.is_run() and os.path.isabs(data) and run.read()["arguments"].get("data") == data
    return None if own else data


def check_source(source: dict) -> None:
    """Refuse what `load_source` would refuse, without reading images."""
    if "card" in source:
        source = {**source, "data": source["card"]["name"]}
    data_module.check(source)


def load_source(source: dict, classifier, whole: bool, cache: bool = False):
    """Load the dataset; images at the model's size, none held out if a folder or table is used as a whole."""
    from ltzoo import data as datasets
    from ltzoo.cli.data import load_dataset

    if "card" in source:
        arguments = {**source.pop("card"), **source}
        return datasets.load(arguments.pop("name"), **arguments)
    if os.path.isabs(source["data"]):
        height, width, channels = classifier.image_shape
        defaults: dict = {"image_size": [height, width], "channels": channels, "fit": classifier.image_fit}
        if whole:
            defaults["validation_fraction"] = 0.0
        return load_dataset(
            {**defaults, **source}, class_names=classifier.class_names, cache=cache, partial=whole
        )
    return load_dataset(source)
