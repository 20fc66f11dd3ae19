"""Load the classifier that a command line names."""

import os
from pathlib import Path

from ltzoo import shipped
from ltzoo.checks import did_you_mean
from ltzoo.cli.run_folder import RunFolder
from ltzoo.cli.user_errors import UserError, mistake
from ltzoo.printable import shown_address
from ltzoo.readers import json_text
from ltzoo.readers.card_schema import check_card


def check_model(name: str) -> None:
    """Refuse a name that is not a run folder, saved model or zoo entry, before Keras is imported."""
    path = Path(name).expanduser()
    if name in shipped.names() or _is_published(name):
        return
    if path.is_dir():
        run = RunFolder(path)
        if not run.model.is_file():
            state = (
                "its run is not finished: resume it with --resume"
                if run.is_run()
                else "it is not a run folder"
            )
            raise UserError(f"The model must be a folder with a model.keras; {state}. Received: {name}")
        return
    if not path.is_file():
        raise UserError(
            "The model must be a run folder, a .keras file, a published card or a zoo entry ('ltzoo list' shows them)."
            f"{did_you_mean(name, shipped.names())} Received: {name}, which does not exist"
        )
    if path.suffix not in (".keras", ".json"):
        raise UserError(f"A saved model must be a .keras file, or the .json of a card. Received: {name}")
    if path.suffix == ".json":
        from ltzoo.recipes.recipe import Recipe

        with mistake(f"{name} is not the card of a model"):
            Recipe.from_dict(check_card(shipped.complete(json_text.read(path)))["recipe"])


def load_model(name: str):
    """Load a run folder, a `.keras` file, a published card (path or address) or a zoo entry.

    Raises:
        UserError: it cannot be loaded, or is not a `LongTailedClassifier`.
    """
    from ltzoo import models

    if name in shipped.names():
        return models.load(name)
    if name.endswith(".json") or _is_published(name):
        with mistake(f"{shown_address(name)} cannot be loaded"):
            return models.load(name)
    with mistake(f"{name} cannot be loaded"):
        model = models.load(os.path.expanduser(name))
    if not isinstance(model, models.LongTailedClassifier):
        raise UserError(f"{name} must hold a LongTailedClassifier. Received: a {type(model).__name__}")
    return model


def _is_published(name: str) -> bool:
    return name.startswith(("hf://", "kaggle://", "https://", "http://"))
