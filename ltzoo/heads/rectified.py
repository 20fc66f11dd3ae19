"""A head with standardized logits (NBN's logit rectification)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import Fraction, Positive, PositiveInt
from ltzoo.class_counts import ClassCounts
from ltzoo.heads.inputs import takes_map
from ltzoo.heads.registry import begin, get, register
from ltzoo.layers.logit_rectification import LogitRectification
from ltzoo.protocols import StageView
from ltzoo.variables import assign_copy


@register("rectified")
@keras.saving.register_keras_serializable(package="ltzoo")
class RectifiedHead(keras.layers.Layer):
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
        kwargs.setdefault("autocast", False)
        super().__init__(name=name, **kwargs)
        self.num_classes = int(num_classes)
        self.head_config = {"name": "dense"} if head is None else dict(head)
        self.class_counts = None if class_counts is None else ClassCounts(class_counts)
        self._given_scale = scale
        context = {} if self.class_counts is None else {"class_counts": self.class_counts}
        self.head: Any = get(self.head_config, self.num_classes, scale, name="classifier", **context)
        self.rectification = LogitRectification(affine, momentum, epsilon, name="rectification")

    @property
    def takes_feature_map(self) -> bool:
        """True if the inner head takes maps."""
        return takes_map(self.head)

    @property
    def scale(self) -> float:
        """The scale of the inner head, if it has one."""
        return self.head.scale

    @scale.setter
    def scale(self, value: float) -> None:
        self._given_scale = value
        self.head.scale = value

    @property
    def kernel(self) -> Any:
        """The inner head's kernel `[D, C]`, if it has one."""
        return self.head.kernel

    def build(self, input_shape):
        """Create the weights."""
        if not self.head.built:
            self.head.build(input_shape)
        self.rectification.build((None, self.num_classes))
        self.built = True

    def begin(self, previous: keras.layers.Layer | None, context: StageView) -> None:
        """Let the inner head begin; after another rectified head, copy its statistics."""
        rectified = isinstance(previous, RectifiedHead)
        begin(self.head, previous.head if rectified else previous, context)
        if rectified and previous is not self:
            theirs = {variable.name: variable for variable in previous.rectification.weights}
            for variable in self.rectification.weights:
                if variable.name in theirs:
                    assign_copy(variable, theirs[variable.name])

    def call(self, inputs, training=None):
        """Return logits `[batch, C]`."""
        return self.rectification(self.head(inputs, training=training), training=training)

    def compute_output_shape(self, input_shape):
        """Return `(batch, C)`."""
        return (input_shape[0], self.num_classes)

    def get_config(self):
        """Return the constructor arguments."""
        rectification = self.rectification
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "scale": None if self._given_scale is None else self.scale,
            "head": dict(self.head_config),
            "affine": rectification.affine,
            "momentum": rectification.momentum,
            "epsilon": rectification.epsilon,
            "class_counts": None if self.class_counts is None else self.class_counts.tolist(),
        }
