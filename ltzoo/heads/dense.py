"""The linear classifier."""

from typing import Any

import keras

from ltzoo.checks import Positive, PositiveInt
from ltzoo.heads.registry import register


@register("dense")
def dense(num_classes: PositiveInt, scale: Positive | None = None, **arguments: Any) -> keras.layers.Dense:
    """Return a linear classifier: logits x W + b in float32.

    Args:
        num_classes: number of classes.
        scale: must be None; a linear classifier has no scale.
        **arguments: arguments of `keras.layers.Dense`.

    Raises:
        ValueError: `scale` is given.
    """
    if scale is not None:
        raise ValueError(
            f"`scale` must be None for the head 'dense'; use 'normalized_dense'. Received: scale={scale}"
        )
    return keras.layers.Dense(num_classes, dtype="float32", **{"name": "head", **arguments})
