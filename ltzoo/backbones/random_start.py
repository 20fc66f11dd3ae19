"""Whether the weights of a named network are drawn or loaded."""

from collections.abc import Mapping
from typing import Any


def starts_random(config: Mapping[str, Any]) -> bool:
    """Return whether a network has random weights, by its `name` and its other arguments.

    Presets of KerasHub and KerasCV bring their weights; classes and keras.applications only if asked to.
    """
    library, _, network = config["name"].partition(":")
    preset = bool(network) and library != "keras_applications" and not network.endswith("Backbone")
    return not config.get("weights", preset)
