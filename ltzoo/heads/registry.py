"""Heads by name, and how a head takes over from the one before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from ltzoo.protocols import StageView
from ltzoo.registry import Registry
from ltzoo.variables import assign_copy

_HEADS = Registry("head")
register = _HEADS.register
names = _HEADS.names


def get(
    config: Mapping[str, Any], num_classes: int, scale: float | None = None, **context: Any
) -> keras.layers.Layer:
    """A head with `num_classes` outputs from a recipe's `head` entry.

    A head is a Keras layer from pooled features `[B, D]` to logits `[B, C]` in float32 at least. With the class
    attribute `takes_feature_map = True` it takes the map `[B, h, w, D]` instead. It may have a method
    `begin(previous, context)`; see `begin` here.

    Args:
        config: `{"name": one of names(), argument: value, ...}`.
        num_classes: number of classes C.
        scale: the scale of the first stage that uses the head, None for a head without one.
        **context: `class_counts` and the layer's `name`; handed to heads that have such a parameter.

    Raises:
        ValueError: an unknown name or argument.
    """
    return _HEADS.make(config, num_classes, scale, **context)


def begin(head: keras.layers.Layer, previous: keras.layers.Layer | None, context: StageView) -> None:
    """Prepares a head for the stage that begins with it.

    A head with a method `begin(previous, context)` does it itself. Any other takes over the weights of the head
    before it that have the same name and shape: `kernel`, `bias`.

    Args:
        head: the head of the stage.
        previous: the head of the stage before, None in the first stage.
        context: what it may look at, a `StageContext`.
    """
    if hasattr(head, "begin"):
        head.begin(previous, context)
    elif previous is not None and previous is not head:
        for name in ("kernel", "bias"):
            mine, theirs = getattr(head, name, None), getattr(previous, name, None)
            if mine is not None and theirs is not None and tuple(mine.shape) == tuple(theirs.shape):
                assign_copy(mine, theirs)
