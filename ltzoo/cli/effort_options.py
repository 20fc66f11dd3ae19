"""Options that choose a pretrained encoder and how long its features may take."""

import math
import re

import click

from ltzoo import part_sources
from ltzoo.cli.settings import Backbone
from ltzoo.cli.user_errors import UserError
from ltzoo.recipes.recipe import Recipe

DEFAULT_SECONDS = 600.0
_UNITS = {"s": 1, "m": 60, "h": 3600}


class Duration(click.ParamType):
    """Parse `90s`, `10m` or `1.5h` into seconds."""

    name = "TIME"

    def convert(self, value, param, ctx):
        """Return the seconds, or fail with a usage error."""
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)([smh])", str(value).strip())
        seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
        if not 0 < seconds < math.inf:
            self.fail(f"It must be a time such as 90s, 10m or 1.5h. Received: {value!r}", param, ctx)
        return seconds


class Encoder(Backbone):
    """Parse a network as `--backbone` does, with its pretrained weights unless others are named."""

    name = "NAME|LIBRARY:NAME"

    def convert(self, value, param, ctx):
        """Return the parsed value, or fail with a usage error."""
        config = super().convert(value, param, ctx)
        library, colon, _ = config["name"].partition(":")
        if colon and library != "keras_applications":  # Presets bring their weights.
            return config
        signature = None if colon else part_sources.parts("backbone").get(config["name"])
        if signature is not None and "weights" not in signature.parameters:
            self.fail(
                f"It must be a network with pretrained weights, such as efficientnet_lite0; use --backbone for others. "
                f"Received: {value!r}",
                param,
                ctx,
            )
        return {"weights": "imagenet", **config}


def effort_options(command):
    """Add `--encoder` and `--time-limit`."""
    for option in (
        click.option(
            "--time-limit", type=Duration(),
            help="How long 'transfer' or 'fine_tuning' may take, like 10m (default): chooses size, views and epochs.",
        ),
        click.option(
            "--encoder", type=Encoder(),
            help="Pretrained network: efficientnet_lite0, keras_hub:PRESET, keras_applications:NAME.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def take_encoder(given: dict) -> dict:
    """Return the arguments with `--encoder` as the backbone."""
    if "encoder" not in given:
        return given
    if "backbone" in given:
        raise UserError(
            "--encoder and --backbone name the same network; give one of them. "
            f"Received: --encoder {given['encoder']['name']} --backbone {given['backbone']['name']}"
        )
    return {**{key: value for key, value in given.items() if key != "encoder"}, "backbone": given["encoder"]}


def check_time_limit(given: dict, recipe: Recipe) -> None:
    """Refuse a time limit for a recipe whose time does not depend on the features of a frozen network."""
    if "time_limit" in given and not recipe.stages[0].cache_features:
        raise UserError(
            "--time-limit is for the recipes transfer and fine_tuning, which choose size, views and epochs by it; give "
            f"--epochs for others. Received: --time-limit {given['time_limit']:g}s for {recipe.name}"
        )
