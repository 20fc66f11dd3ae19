"""The cosine classifier and the linear classifier with normalized weights."""

from typing import Any

from ltzoo.checks import Positive, PositiveInt
from ltzoo.heads.registry import register
from ltzoo.layers import NormalizedDense


@register("normalized_dense")
def normalized_dense(
    num_classes: PositiveInt, scale: Positive | None = None, **arguments: Any
) -> NormalizedDense:
    """Return `ltzoo.layers.NormalizedDense` as a head.

    Args:
        num_classes: number of classes.
        scale: g; 1 if the stage has none.
        **arguments: arguments of `NormalizedDense`.
    """
    return NormalizedDense(
        num_classes, **{"scale": 1.0 if scale is None else scale, "name": "head", **arguments}
    )
