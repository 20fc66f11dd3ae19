"""Learnable weight scaling, and the stage-2 classifier of MiSLAS, as a head."""

from __future__ import annotations

from typing import Any

import keras

from ltzoo.heads.linear import linear_weights
from ltzoo.heads.registry import register
from ltzoo.layers import LearnableWeightScaling
from ltzoo.protocols import StageView


@keras.saving.register_keras_serializable(package="ltzoo")
class LearnableWeightScalingHead(LearnableWeightScaling):
    """`LearnableWeightScaling` that takes over the classifier of the stage before."""

    def class_vectors(self):
        """`[D, C]`: diag(s) (a W + dW)^T, whose lengths MiSLAS shows in Fig. 2."""
        return self.merged_weights()[0]

    def begin(self, previous: keras.layers.Layer | None, context: StageView) -> None:
        """Copies kernel and bias of a linear head; s stays 1 and the shift 0.

        Raises:
            ValueError: the head before is not linear, or there is none and the kernel is not trained.
        """
        if previous is None:
            if not self.learn_kernel:
                raise ValueError(
                    "Learnable weight scaling with a fixed kernel needs the classifier of a stage before. Make it the "
                    "`head` of a later stage, or use learn_kernel=True. Received: previous=None"
                )
            return
        if previous is not self:
            kernel, bias = linear_weights(previous)
            self.kernel.assign(kernel)
            if self.bias is not None:
                self.bias.assign(bias)


@register("learnable_weight_scaling")
def learnable_weight_scaling(
    num_classes: int, scale: float | None = None, name: str = "head", **arguments: Any
) -> LearnableWeightScalingHead:
    """`ltzoo.layers.LearnableWeightScaling` as a head that starts from the classifier of the stage before.

    Args:
        num_classes: number of classes.
        scale: must be None; the scales are learned.
        name: of the layer.
        **arguments: of `LearnableWeightScaling`.
    """
    if scale is not None:
        raise ValueError(
            "The 'learnable_weight_scaling' head learns its scales; leave the stage's `scale` out. "
            f"Received: scale={scale}"
        )
    return LearnableWeightScalingHead(num_classes, name=name, **arguments)
