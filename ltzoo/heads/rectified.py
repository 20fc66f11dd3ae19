"""A head with standardized logits (NBN's logit rectification)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import Fraction, Positive, PositiveInt
from ltzoo.heads.registry import register
from ltzoo.heads.wrapped import WrappedHead
from ltzoo.layers.logit_rectification import LogitRectification
from ltzoo.protocols import StageView
from ltzoo.variables import assign_copy


@register("rectified")
@keras.saving.register_keras_serializable(package="ltzoo")
class RectifiedHead(WrappedHead):
    """Any head followed by `ltzoo.layers.LogitRectification`: (z - mean) / sqrt(variance + epsilon) per class.

    Normalizing Batch Normalization (Bao et al., 2024), Eq. 4. The standardized logits have no temperature, so the
    softmax is soft: a logit two standard deviations above the mean of its class is a 2.

    Args:
        num_classes: number of classes C.
        scale: scale of the inner head, settable if it has one; standardization cancels it.
        head: `{"name": ..., arguments}` of the inner head; default `{"name": "dense"}`, as published.
        affine, momentum, epsilon: arguments of `LogitRectification`.
        class_counts: training images per class, for an inner head that takes them.

    Input: the inner head's input. Output: `[batch, C]`, at least float32. `layer.head` is the inner head,
    `layer.rectification` the layer after it, and `layer.kernel` the inner head's kernel.
    """

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        head: Mapping[str, Any] | None = None,
        affine: bool = False,
        momentum: Fraction = 0.9,
        epsilon: Positive = 1e-5,
        class_counts: Sequence[int] | np.ndarray | None = None,
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, scale, head, class_counts, name, **kwargs)
        self.rectification = LogitRectification(affine, momentum, epsilon, name="rectification")

    def build(self, input_shape):
        """Create the weights."""
        super().build(input_shape)
        self.rectification.build((None, self.num_classes))

    def begin(self, previous: keras.layers.Layer | None, context: StageView) -> None:
        """Let the inner head begin; after another rectified head, copy its statistics."""
        super().begin(previous, context)
        if isinstance(previous, RectifiedHead) and previous is not self:
            theirs = {variable.name: variable for variable in previous.rectification.weights}
            for variable in self.rectification.weights:
                if variable.name in theirs:
                    assign_copy(variable, theirs[variable.name])

    def call(self, inputs, training=None):
        """Return logits `[batch, C]`."""
        return self.rectification(self.head(inputs, training=training), training=training)

    def get_config(self):
        """Return the constructor arguments."""
        rectification = self.rectification
        return {
            **super().get_config(),
            "affine": rectification.affine,
            "momentum": rectification.momentum,
            "epsilon": rectification.epsilon,
        }
