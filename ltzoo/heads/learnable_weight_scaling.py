"""Learnable weight scaling, and the stage-2 classifier of MiSLAS, as a head."""

from __future__ import annotations

from typing import Any

import keras

from ltzoo.checks import Positive, PositiveInt
from ltzoo.heads.linear import linear_weights
from ltzoo.heads.registry import register
from ltzoo.layers import LearnableWeightScaling
from ltzoo.protocols import StageView


@keras.saving.register_keras_serializable(package="ltzoo")
class LearnableWeightScalingHead(LearnableWeightScaling):
    """`LearnableWeightScaling` that starts from the previous stage's classifier."""

    def class_vectors(self):
        """Return diag(s) (a W + dW)^T, `[D, C]`; MiSLAS shows its lengths in Fig. 2."""
        return self.merged_weights()[0]

    def begin(self, previous: keras.layers.Layer | None, context: StageView) -> None:
        """Copy kernel and bias of a linear head, or of a cosine classifier with `normalize_features`; s stays 1.

        Raises:
            ValueError: the previous head is not linear, or there is none and the kernel is fixed.
        """
        if previous is None:
            if not self.learn_kernel:
                raise ValueError(
                    "`previous` must be a classifier, since this head's kernel is fixed. Make it the `head` of a later "
                    "stage, or set learn_kernel=True. Received: previous=None"
                )
            return
        if previous is not self:
            kernel, bias = linear_weights(previous, self.normalize_features)
            assert self.kernel is not None
            self.kernel.assign(kernel)
            if self.bias is not None:
                self.bias.assign(bias)


@register("learnable_weight_scaling")
def learnable_weight_scaling(
    num_classes: PositiveInt, scale: Positive | None = None, name: str = "head", **arguments: Any
) -> LearnableWeightScalingHead:
    """Return `ltzoo.layers.LearnableWeightScaling` as a head that starts from the previous classifier.

    Args:
        num_classes: number of classes.
        scale: must be None; the scales are learned.
        name: name of the layer.
        **arguments: arguments of `LearnableWeightScaling`.

    Raises:
        ValueError: `scale` is given.
    """
    if scale is not None:
        raise ValueError(
            "`scale` must be None: the head 'learnable_weight_scaling' learns its scales. "
            f"Received: scale={scale}"
        )
    return LearnableWeightScalingHead(num_classes, name=name, **arguments)
