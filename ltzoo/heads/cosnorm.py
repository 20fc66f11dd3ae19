"""The cosine classifier of OLTR, whose features are squashed instead of normalized."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Positive, PositiveInt
from ltzoo.heads.linear import LinearHead
from ltzoo.heads.registry import register
from ltzoo.layers.lengths import euclidean_length, unit_length

SCALE = 16.0


@register("cosnorm")
@keras.saving.register_keras_serializable(package="ltzoo")
class CosNorm(LinearHead):
    """Logits scale * <x / (1 + |x|), w_c / |w_c|>.

    The classifier of OLTR without its memory (Liu et al., "Large-Scale Long-Tailed Recognition in an Open World",
    CVPR 2019; also in the code of Kang et al.). A long feature counts with almost length 1, a short one with
    less.

    Args:
        num_classes: number of classes C.
        scale: factor of the logits; 16, as published, if the stage has none.
        kernel_initializer: default: U(-1, 1) / sqrt(D), as published.
        name: name of the layer.
        **kwargs: arguments of `LinearHead`.

    Deviation: for a zero feature, the logits and the gradient of the length are 0; the published code divides 0 by 0.
    """

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        kernel_initializer: Any = None,
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        if kernel_initializer is None:
            kernel_initializer = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
        super().__init__(
            num_classes,
            SCALE if scale is None else scale,
            kernel_initializer=kernel_initializer,
            **{**kwargs, "use_bias": False},
            name=name,
        )

    def logits(self, features, dtype):
        """Return the unscaled logits of features `[B, D]` in `dtype`."""
        return ops.matmul(squash(features), unit_length(ops.cast(self.kernel, dtype), axis=0))

    def class_vectors(self):
        """Return the matrix `[D, C]` that multiplies the features, without the common scale."""
        return ops.convert_to_numpy(unit_length(self.kernel.value, axis=0))


def squash(features: Any) -> Any:
    """Return x / (1 + |x|) for each row of `[B, D]`."""
    return features / (1.0 + euclidean_length(features, axis=-1))
