"""Detection losses by name. Recipes do not find them among the losses of images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from ltzoo.registry import Registry

_DETECTION_LOSSES = Registry("detection loss")
register = _DETECTION_LOSSES.register
names = _DETECTION_LOSSES.names


def get(config: str | Mapping[str, Any], **context: Any) -> keras.losses.Loss:
    """Build a detection loss from plain data.

    Args:
        config: `{"name": one of names(), argument: value, ...}`, or a bare name.
        **context: what the surroundings know, such as `class_counts`; handed to a loss that has a parameter of that
            name, unless `config` sets it.

    Raises:
        ValueError: the name is unknown, or the loss has no such argument.
    """
    return _DETECTION_LOSSES.make({"name": config} if isinstance(config, str) else config, **context)
