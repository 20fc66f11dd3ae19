"""The option of `ltzoo train` that says whether images have a side that is up."""

import click

from ltzoo.cli.user_errors import UserError
from ltzoo.recipes.recipe import Recipe

up_option = click.option(
    "--up/--no-up", default=None,
    help="For 'transfer': images have a side that is up, so they are mirrored but not turned (half the time), or have "
    "none; by default both are done, which was better on photographs of shelves too.",
)  # fmt: skip


def turns(recipe: Recipe) -> bool:
    """Whether a recipe looks at turned images, so that the option means something."""
    return any(entry["name"] == "flip_average" and entry.get("transpose") for entry in recipe.conversions)


def check_up(given: dict, recipe: Recipe) -> None:
    """Refuse the option for a recipe that never turns images."""
    if "up" in given and not turns(recipe):
        raise UserError(
            "--up and --no-up are for the recipe transfer, which looks at turned images; leave them out for others. "
            f"Received: --{'up' if given['up'] else 'no-up'} for {recipe.name}"
        )


def without_turns(arguments: dict) -> dict:
    """Return the arguments of a run with a setting that leaves the turned images out, if `up` is True."""
    from ltzoo.cli.recipe_of_run import recipe_of

    recipe = recipe_of(arguments)
    if not arguments.get("up") or not turns(recipe):
        return arguments
    kept = [
        {**entry, "transpose": False} if entry["name"] == "flip_average" else entry
        for entry in recipe.conversions
    ]
    settings = [setting for setting in arguments.get("settings", ()) if setting[0] != "conversions"]
    return {**arguments, "settings": [*settings, ["conversions", kept]]}
