"""Conversions by name."""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import keras

from ltzoo.fitted import FittedEntry, fit
from ltzoo.registry import Registry

_CONVERSIONS = Registry("conversion", FittedEntry)
register = _CONVERSIONS.register
names = _CONVERSIONS.names
fit_conversions = functools.partial(fit, _CONVERSIONS)


def convert(backbone: keras.Model, configs: Iterable[Mapping[str, Any]], **context: Any) -> keras.Model:
    """Return the backbone after all conversions, in their order.

    Args:
        backbone: a functional `keras.Model` from images to a feature map.
        configs: for each conversion `{"name": one of names(), argument: value, ...}`.
        **context: `num_classes`; handed to conversions that have such a parameter.

    Raises:
        ValueError: an unknown name or argument.
    """
    for config in configs:
        backbone = _CONVERSIONS.make(config, backbone, **context)
    return backbone
