"""Heads by name, and how a head continues from the previous one."""

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
    """Make a head with `num_classes` outputs from a recipe's `head` entry.

    A head is a Keras layer from pooled features `[B, D]` to logits `[B, C]`, at least float32. With the class
    attribute `takes_feature_map = True` it takes the map `[B, h, w, D]` instead. It may have a method
    `begin(previous, context)`; see the function `begin`.

    Args:
        config: `{"name": one of names(), argument: value, ...}`.
        num_classes: number of classes C.
        scale: the scale of the first stage that uses the head; None for a head without one.
        **context: `class_counts` and the layer's `name`, for heads that take them.

    Raises:
        ValueError: an unknown name or argument.
    """
    return _HEADS.make(config, num_classes, scale, **context)


def begin(head: keras.layers.Layer, previous: keras.layers.Layer | None, context: StageView) -> None:
    """Prepare a head when its stage begins.

    Call the head's own `begin(previous, context)` if it has one. Otherwise copy the previous head's `kernel` and
    `bias` where the shapes match.

    Args:
        head: the head of the stage.
        previous: the previous stage's head; None in the first stage.
        context: the data and network at the beginning of the stage.
    """
    if hasattr(head, "begin"):
        head.begin(previous, context)
    elif previous is not None and previous is not head:
        for name in ("kernel", "bias"):
            mine, theirs = getattr(head, name, None), getattr(previous, name, None)
            if mine is not None and theirs is not None and tuple(mine.shape) == tuple(theirs.shape):
                assign_copy(mine, theirs)
