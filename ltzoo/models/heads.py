"""Classifier heads by name: from pooled features to logits."""

from collections.abc import Mapping
from typing import Any

import keras

from ltzoo.layers import NormalizedDense


def _normalized_dense(num_classes, scale, **arguments):
    return NormalizedDense(num_classes, scale=1.0 if scale is None else scale, **arguments)


def _dense(num_classes, scale, **arguments):
    if scale is not None:
        raise ValueError(f"The 'dense' head has no scale; use 'normalized_dense'. Received: scale={scale}")
    return keras.layers.Dense(num_classes, dtype="float32", **arguments)


_HEADS = {"normalized_dense": _normalized_dense, "dense": _dense}


def make_head(config: Mapping[str, Any], num_classes: int, scale: float | None) -> keras.layers.Layer:
    """A head layer with `num_classes` outputs, in float32, from a recipe's `head` entry.

    Args:
        config: `{"name": "normalized_dense" | "dense", arguments}`.
        num_classes: number of classes.
        scale: the scale of the first stage, None for a head without one.
    """
    arguments = dict(config)
    name = arguments.pop("name", None)
    if name not in _HEADS:
        raise ValueError(f"`head` must name one of {sorted(_HEADS)}. Received: head={dict(config)!r}")
    return _HEADS[name](num_classes, scale, name="head", **arguments)
