"""Recipes by name.

A recipe is a function `epochs -> Recipe`, where the default of `epochs` is the method's own number for each stage.
`@register(backbone="fastnet")` names the network that it is made for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.registry import Entry, Registry


@dataclasses.dataclass(frozen=True)
class RecipeEntry(Entry):
    """A recipe and what is known about it.

    Attributes:
        backbone: the network it is made for, as far as small images go.
    """

    backbone: str = "resnet32"


_RECIPES = Registry("recipe", RecipeEntry)
register = _RECIPES.register
names = _RECIPES.names
_STAGE_FIELDS = {field.name for field in dataclasses.fields(Stage)} - {"epochs"}


def default_backbone(name: str) -> str:
    """Return the network that a recipe is made for, as far as small images go; "resnet32" for most."""
    entry = _RECIPES.find(name)
    return RecipeEntry.backbone if entry is None else entry.backbone


def get(name: str, /, epochs: int | Sequence[int] | None = None, **overrides: Any) -> Recipe:
    """A recipe by name, with changes.

    Args:
        name: one of `names()`.
        epochs: epochs of each stage, e.g. `(20, 5)`; milestones and warm-up keep their places in proportion. One
            number is the first stage's; the others then keep their proportion to it. A stage that trains nothing has
            0 epochs and may be left out.
        **overrides: any field of `Stage` (`batch_size=64`), for all stages; or `stage1={...}`, `stage2={...}` with
            fields of one stage, which win; or `name`, `head`, `conversions`, `description`, `citation` of the recipe.

    Raises:
        ValueError: an unknown name, field or number of stages.
    """
    _RECIPES.check(name, "recipe")
    function = _RECIPES.part(name)
    recipe = function()
    if epochs is not None:
        recipe = function(epochs=_stage_epochs(recipe, epochs))
    stages = list(recipe.stages)
    # `head` without a stage is the recipe's own, that of the first stage.
    shared = {key: overrides.pop(key) for key in list(overrides) if key in _STAGE_FIELDS - {"head"}}
    for index, stage in enumerate(stages):
        own = dict(overrides.pop(f"stage{index + 1}", None) or {})
        unknown = set(own) - _STAGE_FIELDS - {"epochs"}
        if unknown:
            raise ValueError(
                f"`stage{index + 1}` may change {sorted(_STAGE_FIELDS)}. Received: {sorted(unknown)}"
            )
        stages[index] = dataclasses.replace(stage, **{**shared, **own})
    unknown = set(overrides) - {"name", "head", "conversions", "description", "citation"}
    if unknown:
        raise ValueError(
            f"`recipes.get` may change {sorted(_STAGE_FIELDS)}, a stage by `stage1` to `stage{len(stages)}`, or "
            f"name, head, conversions, description and citation. Received: {sorted(unknown)}"
        )
    return dataclasses.replace(recipe, stages=tuple(stages), **overrides)


def _stage_epochs(recipe, epochs):
    defaults = [stage.epochs for stage in recipe.stages]
    if isinstance(epochs, int):
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
    numbers = iter(trained)
    return tuple(next(numbers) if default else 0 for default in defaults)
