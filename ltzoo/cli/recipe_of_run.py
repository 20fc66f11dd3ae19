"""The recipe that the arguments of a run name."""

from ltzoo import recipes
from ltzoo.recipes.recipe import Recipe


def overrides_of(arguments: dict) -> dict:
    """Return the changes that the options and settings of a command make to its recipe."""
    overrides = {
        key: arguments[key] for key in ("epochs", "batch_size", "learning_rate", "ema") if key in arguments
    }
    overrides |= dict(arguments.get("settings", ()))
    for key in ("epochs", "learning_rate"):
        value = overrides.get(key)
        if isinstance(value, list) and len(value) == 1:
            overrides[key] = value[0]
    return overrides


def recipe_of(arguments: dict) -> Recipe:
    """Return the recipe of a run that does not train a zoo entry.

    Raises:
        ValueError: the name, a field or a value is wrong.
    """
    return recipes.get(arguments["recipe"], **overrides_of(arguments))
