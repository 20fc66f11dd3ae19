"""Option types and option groups that several commands share."""

import math
import re

import click

from ltzoo.checks import MAX_SEED, RANGES, did_you_mean
from ltzoo.cli.settings import Backbone as Backbone
from ltzoo.cli.settings import Setting as Setting

# The value of --start-from that asks for random weights.
SCRATCH = "scratch"
_EPOCHS = RANGES["Epochs"]


class Epochs(click.ParamType):
    """Parse `20`, or `20,5` with one number per stage, into a list of ints."""

    name = "N[,N]"

    def convert(self, value, param, ctx):
        """Return the parsed value, or fail with a usage error."""
        if isinstance(value, list):
            return value
        found = re.fullmatch(r"\d{1,9}(,\d{1,9})*", str(value))
        if not found or 0 in (numbers := [int(n) for n in value.split(",")]) or max(numbers) not in _EPOCHS:
            right = "a number of epochs such as 20, or 20,5 for two stages, of at most a million"
            self.fail(f"It must be {right}. Received: {value!r}", param, ctx)
        return numbers


class ImageSize(click.ParamType):
    """Parse `64`, or `64x96` for height and width, into `[height, width]`; `auto`, the default, into None."""

    name = "N|HxW|auto"

    def convert(self, value, param, ctx):
        """Return the parsed value, or fail with a usage error."""
        if isinstance(value, list):
            return value
        if value == "auto":
            return None
        found = re.fullmatch(r"(\d{1,9})(?:x(\d{1,9}))?", str(value))
        size = [int(found[1]), int(found[2] or found[1])] if found else [0]
        if not 1 <= min(size) <= max(size) <= _MAX_SIDE:
            right = f"an image size such as 64, or 64x96 for height x width, of at most {_MAX_SIDE} pixels"
            self.fail(f"It must be {right}. Received: {value!r}", param, ctx)
        return size


class PartName(click.ParamType):
    """Accept the name of a registered part, including the user's own parts.

    Args:
        registry: the `Registry` to look names up in, when the option is parsed or its help is shown.
    """

    name = "NAME"

    def __init__(self, registry):
        self.registry = registry

    def get_metavar(self, param, ctx=None):
        """Return the names of all parts."""
        return f"[{'|'.join(self.registry)}]"

    def convert(self, value, param, ctx):
        """Return the parsed value, or fail with a usage error."""
        try:
            self.registry.check(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return value


class Name(click.ParamType):
    """Accept one of several names that are fixed.

    Args:
        names: the names.
    """

    name = "NAME"

    def __init__(self, names):
        self.names = list(names)

    def get_metavar(self, param, ctx=None):
        """Return all names."""
        return f"[{'|'.join(self.names)}]"

    def convert(self, value, param, ctx):
        """Return the parsed value, or fail with a usage error."""
        if value not in self.names:
            hint = did_you_mean(value, self.names)
            self.fail(f"It must be one of {', '.join(self.names)}.{hint} Received: {value!r}", param, ctx)
        return value


class Number(click.FloatRange):
    """Accept a finite number in a range."""

    def convert(self, value, param, ctx):
        """Return the parsed value, or fail with a usage error."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"It must be a finite number. Received: {value!r}", param, ctx)
        return number


class Command(click.Command):
    """A command that refuses empty values: an empty path would mean the current folder."""

    def parse_args(self, ctx, args):
        """Parse the words of the command line into `ctx.params`."""
        rest = super().parse_args(ctx, args)
        for param in self.params:
            value = ctx.params.get(param.name)
            if value == "" or (isinstance(value, tuple) and "" in value):
                raise click.BadParameter("It must not be empty. Received: ''.", ctx, param)
        return rest


SEED = click.IntRange(0, MAX_SEED)
BATCH_SIZE = click.IntRange(1, 2**20)
_MAX_SIDE = 4096


_DATA_OPTIONS = (
    click.option("--data-dir", metavar="PATH", help="Folder with the files of a named dataset."),
    click.option("--image-root", metavar="PATH", help="Folder that the paths in list files are relative to."),
    click.option(
        "--imbalance-factor",
        type=Number(min=1),
        metavar="X",
        help="Largest class / smallest class, for datasets made long-tailed.",
    ),
    click.option(
        "--image-size", type=ImageSize(), help="Resize and crop the images of a folder to this size."
    ),
    click.option(
        "--channels", type=click.Choice(["1", "3"]), help="1: gray, 3: color (default); for folders."
    ),
    click.option(
        "--data-seed",
        type=SEED,
        metavar="N",
        help="Seed that chooses subset and validation images (default 0).",
    ),
    click.option(
        "--skip-unreadable",
        is_flag=True,
        default=None,
        help="Skip unreadable images with a warning.",
    ),
)


def data_options(command):
    """Add the options that choose and read a dataset."""
    for option in reversed(_DATA_OPTIONS):
        command = option(command)
    return command
