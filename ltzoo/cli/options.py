"""Option types and option groups that several commands share."""

import json
import re

import click

# The value of --start-from that asks for random weights.
SCRATCH = "scratch"


class Epochs(click.ParamType):
    """Parse `20`, or `20,5` with one number per stage, into a list of ints."""

    name = "N[,N]"

    def convert(self, value, param, ctx):
        """Return the parsed value, or fail with a usage error."""
        if isinstance(value, list):
            return value
        if (
            not re.fullmatch(r"\d+(,\d+)*", str(value))
            or min(numbers := [int(n) for n in value.split(",")]) < 1
        ):
            self.fail(f"{value!r} is not a number of epochs such as 20, or 20,5 for two stages.", param, ctx)
        return numbers


class ImageSize(click.ParamType):
    """Parse `64`, or `64x96` for height and width, into `[height, width]`."""

    name = "N|HxW"

    def convert(self, value, param, ctx):
        """Return the parsed value, or fail with a usage error."""
        if isinstance(value, list):
            return value
        found = re.fullmatch(r"(\d+)(?:x(\d+))?", str(value))
        if not found or 0 in (size := [int(found[1]), int(found[2] or found[1])]):
            self.fail(f"{value!r} is not an image size such as 64, or 64x96 for height x width.", param, ctx)
        return size


class Backbone(click.ParamType):
    """Parse `resnet32`, or `resnet32:width_multiplier=2` with arguments, into a dict with `name`.

    Names from other libraries contain a colon: `keras_applications:ResNet50:weights=imagenet`.
    """

    name = "NAME[:KEY=VALUE,..]"

    def convert(self, value, param, ctx):
        """Return the parsed value, or fail with a usage error."""
        if isinstance(value, dict):
            return value
        name, _, rest = value.partition(":")
        if rest and "=" not in rest.partition(":")[0]:  # A network's name follows, not an argument.
            name, _, rest = value.rpartition(":")
            if "=" not in rest:
                name, rest = value, ""
        settings = dict(key_and_value(part, param, ctx) for part in rest.split(",") if part)
        return {"name": name, **settings}


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


class Setting(click.ParamType):
    """Parse `key=value` into `[key, value]`; the value is JSON, or else text."""

    name = "KEY=VALUE"

    def convert(self, value, param, ctx):
        """Return the parsed value, or fail with a usage error."""
        return value if isinstance(value, (list, tuple)) else list(key_and_value(value, param, ctx))


def key_and_value(text: str, param=None, ctx=None) -> tuple:
    """Return both sides of `key=value`; the value is parsed as JSON where possible."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise click.BadParameter(f"{text!r} is not of the form KEY=VALUE.", ctx, param)
    try:
        return key.strip(), json.loads(value)
    except ValueError:
        return key.strip(), value


_DATA_OPTIONS = (
    click.option("--data-dir", metavar="PATH", help="Folder with the files of a named dataset."),
    click.option("--image-root", metavar="PATH", help="Folder that the paths in list files are relative to."),
    click.option(
        "--imbalance-factor",
        type=float,
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
        type=int,
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
