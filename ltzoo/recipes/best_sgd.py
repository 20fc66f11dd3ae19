"""The recipe `best` before orthogonal steps; its networks teach `best_distilled`."""

import dataclasses
from collections.abc import Sequence

from ltzoo.recipes.best import best
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register


@register(backbone="fastnet")
def best_sgd(epochs: Sequence[int] = (100, 1)) -> Recipe:
    """Train `best` with Nesterov momentum for all weights."""
    recipe = best(epochs)
    optimizer = {"name": "sgd", "momentum": 0.9, "nesterov": True, "l2": 5e-4}
    first = dataclasses.replace(recipe.stages[0], optimizer=optimizer)
    return dataclasses.replace(recipe, name="best_sgd", stages=(first, *recipe.stages[1:]))
