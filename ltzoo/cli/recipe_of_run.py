"""The recipe that the arguments of a run name."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ltzoo import recipes
from ltzoo.cli.user_errors import UserError
from ltzoo.recipes import registry
from ltzoo.recipes.by_dataset.published import DATASETS, constants, published, setup_of
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.training_changes import with_epochs

if TYPE_CHECKING:
    from ltzoo.data.dataset import LongTailedDataset

# Values of the argument "constants", which runs of earlier versions lack: they have the recipe's own ones.
PUBLISHED, SCALED = "published", "scaled"
_FIELDS = ("epochs", "batch_size", "learning_rate", "ema")  # of a recipe, with options of their own


def overrides_of(arguments: Mapping[str, Any]) -> dict:
    """Return the changes that the options and settings of a command make to its recipe."""
    overrides = {key: arguments[key] for key in _FIELDS if key in arguments}
    overrides |= dict(arguments.get("settings", ()))
    for key in ("epochs", "learning_rate"):
        value = overrides.get(key)
        if isinstance(value, list) and len(value) == 1:
            overrides[key] = value[0]
    return overrides


def recipe_of_entry(
    entry: str, recipe: Mapping[str, Any], arguments: Mapping[str, Any]
) -> tuple[Recipe, str | None]:
    """Return the recipe of a run that trains a zoo entry, and a sentence on what is not the card's, or None.

    Args:
        entry: name of the entry.
        recipe: the recipe on its card.
        arguments: the arguments of the run.

    Raises:
        ValueError: a field or a value is wrong.
    """
    made, overrides = Recipe.from_dict(recipe), overrides_of(arguments)
    if not overrides:
        return made, None
    changed = ", ".join(sorted(overrides))
    epochs = overrides.pop("epochs", None)
    if epochs is not None:
        stages = with_epochs(made.stages, registry.stage_epochs(made, epochs))
        made = dataclasses.replace(made, stages=tuple(stages))
    sentence = (
        f"not the recipe of the card of {entry}, whose figures are of another training: {changed} changed"
    )
    return registry.changed(made, **overrides), sentence


def refuse_repeats(given: dict) -> None:
    """Refuse a field of a recipe that is given twice, by its option or by `--set`.

    Raises:
        UserError: it is.
    """
    known = {key: given[key] for key in _FIELDS if key in given}
    for key, value in given.get("settings", ()):
        if key in known:
            option = f", not together with --{key.replace('_', '-')}" if key in _FIELDS else ""
            raise UserError(
                f"--set {key} must be given once{option}. Received: {key}={known[key]} and {key}={value}"
            )
        known[key] = value


def constants_for(recipe: str, data: str) -> str | None:
    """Return which constants a new run of a recipe has: `PUBLISHED`, `SCALED`, or None for the recipe's own."""
    if registry.setup(recipe) is None:
        return None
    if data in DATASETS:
        return PUBLISHED
    return SCALED if os.path.isabs(data) else None


def recipe_of(arguments: dict) -> Recipe:
    """Return the recipe of a run that does not train a zoo entry, without constants scaled to its data; see below."""
    return recipe_and_source(arguments)[0]


def recipe_and_source(arguments: dict, dataset: LongTailedDataset | None = None) -> tuple[Recipe, str | None]:
    """Return the recipe of a run that does not train a zoo entry, and a sentence on whose constants it has, or None.

    Args:
        arguments: the arguments of the run.
        dataset: its data. Without them, constants are not scaled to them yet.

    Raises:
        ValueError: the name, a field or a value is wrong.
    """
    name, overrides, kind = arguments["recipe"], overrides_of(arguments), arguments.get("constants")
    if kind == PUBLISHED:
        data, factor = arguments["data"], arguments.get("imbalance_factor")
        found = constants(name, data, factor)
        made = published(name, data, factor, **overrides)
        if found is None and setup_of(name, data) is None:
            return made, None
        source = "" if found is None else f" ({found.source})"
        where = data if factor is None else f"{data} at imbalance factor {factor:g}"
        return made, f"constants published for {where}{source}"
    if kind == SCALED and dataset is not None:
        return recipes.scaled(name, dataset, **overrides)
    return recipes.get(name, **overrides), None
