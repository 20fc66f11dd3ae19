"""Option types that set arguments by name: of a network, or of a recipe."""

import json

import click

from ltzoo.part_sources import check_config, check_name
from ltzoo.recipes.stage_checks import check_finite


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
        settings = {}
        for part in filter(None, rest.split(",")):
            key, setting = key_and_value(part, param, ctx)
            if key in settings or key in ("name", "input_shape"):
                self.fail(
                    f"{key} must be given once, and not name or input_shape. Received: {value}", param, ctx
                )
            settings[key] = setting
        config = {"name": name, **settings}
        try:
            check_backbone(config)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return config


def check_backbone(config: dict) -> None:
    """Refuse a network's name or arguments, without importing a framework.

    Raises:
        ValueError: the name or an argument is wrong. Names of networks in other libraries are known only to them.
    """
    check_finite("backbone", config)
    library, colon, network = config["name"].partition(":")
    if not colon:
        check_config("backbone", config, "backbone")
        return
    check_name("library of backbones", library, "backbone")
    if not network:
        raise ValueError(
            f"`backbone` must have a network after the colon. Received: backbone={config['name']!r}"
        )


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
        raise click.BadParameter(f"It must be of the form KEY=VALUE. Received: {text!r}.", ctx, param)
    try:
        return key.strip(), json.loads(value)
    except ValueError:
        return key.strip(), value
    except RecursionError:
        raise click.BadParameter(
            f"It must not be nested so deeply. Received: {text[:50]!r}..", ctx, param
        ) from None
