"""Losses by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import keras

if TYPE_CHECKING:
    _LossClass = TypeVar("_LossClass", bound=type[keras.losses.Loss])

_LOSSES = {}


def register(name: str) -> Callable[[_LossClass], _LossClass]:
    """Make a Loss class available by name; use it as a decorator with the name as argument."""

    def decorate(cls):
        _LOSSES[name] = cls
        return cls

    return decorate


def names() -> list[str]:
    """Names of all losses."""
    return sorted(_LOSSES)


def get(config: str | Mapping[str, Any] | keras.losses.Loss, **context: Any) -> keras.losses.Loss:
    """Build a loss from plain data.

    Args:
        config: {"name": one of ``names()``, argument: value, ...}, a bare name, or a ready keras.losses.Loss,
            which is returned as it is.
        **context: What the surroundings know, such as ``class_counts`` or ``scale``. It is handed to a loss
            that has a parameter of that name, unless ``config`` sets it.

    Raises:
        ValueError: If the name is unknown or the loss has no such argument.
    """
    if isinstance(config, keras.losses.Loss):
        return config
    arguments = {"name": config} if isinstance(config, str) else dict(config)
    name = arguments.pop("name", None)
    if name not in _LOSSES:
        raise ValueError(f"The loss's name must be one of {', '.join(names())}. Received: config={config!r}")
    parameters = inspect.signature(_LOSSES[name]).parameters
    unknown = sorted(set(arguments) - set(parameters))
    if unknown:
        raise ValueError(
            f"The loss {name!r} has no argument {', '.join(unknown)}; it has {', '.join(parameters)}. "
            f"Received: config={config!r}"
        )
    known = {key: value for key, value in context.items() if key in parameters}
    return _LOSSES[name](**{**known, **arguments})
