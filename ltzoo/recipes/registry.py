"""Recipes by name.

A recipe is a function `epochs -> Recipe`; the default of `epochs` is the method's own number of epochs per stage.
`@register(backbone="fastnet")` names the network that the recipe is made for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ltzoo.checks import RANGES, did_you_mean, is_integer, refuse
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.training_changes import with_averages, with_learning_rates
from ltzoo.registry import Entry, Registry


@dataclasses.dataclass(frozen=True)
class RecipeEntry(Entry):
    """A registered recipe.

    Attributes:
        backbone: the network that it is made for, on small images.
        backbone_arguments: arguments of that network, such as pretrained weights.
        setup: the training set-up of its paper in `by_dataset/setups.toml`, for methods that papers train on several
            datasets; None for a recipe that is the same on all data.
    """

    backbone: str = "resnet32"
    backbone_arguments: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    setup: str | None = None


_RECIPES = Registry("recipe", RecipeEntry)
register = _RECIPES.register
names = _RECIPES.names
_STAGE_FIELDS = {field.name for field in dataclasses.fields(Stage)} - {"epochs"}
_EPOCHS = RANGES["Epochs"]


def default_backbone(name: str) -> str:
    """Return the network that a recipe is made for, on small images; "resnet32" for most and for unknown names."""
    entry = _RECIPES.find(name)
    return RecipeEntry.backbone if entry is None else entry.backbone


def default_network(name: str) -> dict[str, Any]:
    """Return the network that a recipe is made for with its arguments, as `ltzoo.models.build` takes it."""
    entry = _RECIPES.find(name)
    arguments = {} if entry is None else entry.backbone_arguments
    return {"name": default_backbone(name), **arguments}


def setup(name: str) -> str | None:
    """Return the training set-up of a recipe's paper; None for a recipe that is the same on all data."""
    entry = _RECIPES.find(name)
    return None if entry is None else entry.setup


def get(
    name: str,
    /,
    epochs: int | Sequence[int] | None = None,
    learning_rate: float | Sequence[float] | None = None,
    ema: float | None = None,
    **overrides: Any,
) -> Recipe:
    """Make a recipe by name, with changes.

    Args:
        name: one of `names()`.
        epochs: epochs of each stage, such as `(20, 5)`. Milestones and warm-up scale in proportion. A single number
            is for the first stage, and the other stages scale in proportion. Stages that train nothing have 0 epochs
            and may be omitted.
        learning_rate: highest learning rate of each stage that trains, such as `(0.1, 0.001)`. The schedules keep their
            shapes. A single number is for the first stage, and the others scale in proportion.
        ema: average the weights of each stage over its steps, with this share of the old average in each step, such
            as 0.999; see `ltzoo.recipes.training_changes.with_averages`.
        **overrides: changed fields. Fields of `Stage` (`batch_size=64`) apply to all stages. `stage1={...}` and so on
            change one stage and take precedence. `name`, `head`, `conversions`, `description` and `citation` change
            the recipe.

    Returns:
        a `Recipe`.

    Raises:
        ValueError: if the name or a field is unknown, or the number of stages is wrong.
    """
    _RECIPES.check(name, "recipe")
    function = _RECIPES.part(name)
    recipe = function()
    if epochs is not None:
        recipe = function(epochs=stage_epochs(recipe, epochs))
    return changed(recipe, learning_rate, ema, **overrides)


def changed(
    recipe: Recipe,
    learning_rate: float | Sequence[float] | None = None,
    ema: float | None = None,
    **overrides: Any,
) -> Recipe:
    """Return a recipe with changes, as `get` takes them."""
    stages = list(recipe.stages)
    # `head` outside `stage1={...}` is the recipe's own, the head of the first stage.
    shared = {key: overrides.pop(key) for key in list(overrides) if key in _STAGE_FIELDS - {"head"}}
    for index, stage in enumerate(stages):
        own = overrides.pop(f"stage{index + 1}", None)
        own = {} if own is None else own
        if not isinstance(own, Mapping):
            refuse(f"stage{index + 1}", "a dict of changed fields", own)
        unknown = set(own) - _STAGE_FIELDS - {"epochs"}
        if unknown:
            raise ValueError(
                f"`stage{index + 1}` must change only epochs and {sorted(_STAGE_FIELDS)}. "
                f"Received: {', '.join(f'{key}={own[key]!r}' for key in sorted(unknown))}"
            )
        stages[index] = dataclasses.replace(stage, **{**shared, **own})
    if learning_rate is not None:
        stages = with_learning_rates(stages, learning_rate)
    if ema is not None:
        stages = with_averages(stages, ema)
    unknown = set(overrides) - {"name", "head", "conversions", "description", "citation"}
    if unknown:
        raise ValueError(
            f"`overrides` must be among {sorted(_STAGE_FIELDS)}, `stage1` to `stage{len(stages)}`, name, head, "
            f"conversions, description and citation.{did_you_mean(min(unknown), _STAGE_FIELDS)} "
            f"Received: {', '.join(f'{key}={overrides[key]!r}' for key in sorted(unknown))}"
        )
    return dataclasses.replace(recipe, stages=tuple(stages), **overrides)


def stage_epochs(recipe: Recipe, epochs: Any) -> tuple[int, ...]:
    """Return the epochs of every stage for what a user may give; see `get`."""
    defaults = [stage.epochs for stage in recipe.stages]
    numbers = [epochs] if is_integer(epochs) else epochs
    if not isinstance(numbers, (list, tuple, range, np.ndarray)) or not all(
        entry in _EPOCHS for entry in numbers
    ):
        refuse("epochs", f"{_EPOCHS.words}, or one for each stage", epochs)
    if is_integer(epochs):
        epochs = [epochs, *(max(1, round(epochs * later / defaults[0])) for later in defaults[1:] if later)]
    trained = [int(number) for number in epochs]
    needed = sum(default > 0 for default in defaults)
    if len(trained) == len(defaults) and all(
        number == 0 for number, default in zip(trained, defaults, strict=True) if default == 0
    ):
        trained = [number for number, default in zip(trained, defaults, strict=True) if default]
    if len(trained) != needed or min(trained) < 1:
        raise ValueError(
            f"`epochs` must be one positive number, or one for each of the {needed} stages that recipe "
            f"{recipe.name!r} trains. Received: epochs={tuple(epochs)}"
        )
    given = iter(trained)
    return tuple(next(given) if default else 0 for default in defaults)
