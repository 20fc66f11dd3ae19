"""Losses by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from ltzoo.registry import Registry

_LOSSES = Registry("loss")
register = _LOSSES.register
names = _LOSSES.names


def get(config: str | Mapping[str, Any] | keras.losses.Loss, **context: Any) -> keras.losses.Loss:
    """Build a loss from plain data.

    Args:
        config: `{"name": one of names(), argument: value, ...}`, a bare name, or a ready `keras.losses.Loss`,
            which is returned unchanged.
        **context: what the surroundings know, such as `class_counts` or `scale`; handed to a loss that has a
            parameter of that name, unless `config` sets it.

    Raises:
        ValueError: the name is unknown, or the loss has no such argument.
    """
    if isinstance(config, keras.losses.Loss):
        return config
    return _LOSSES.make({"name": config} if isinstance(config, str) else config, **context)
