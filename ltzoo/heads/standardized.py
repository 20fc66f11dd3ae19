"""A linear classifier on features of zero mean and unit variance."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Positive, PositiveInt
from ltzoo.heads.linear import LinearHead
from ltzoo.heads.registry import register
from ltzoo.heads.signed_root import refuse_roots, signed_root
from ltzoo.protocols import StageView

SMALLEST = 1e-3  # added to every deviation, so that dead features stay small


@register("standardized")
@keras.saving.register_keras_serializable(package="ltzoo")
class Standardized(LinearHead):
    """Logits ((x - m) / s) W + b with the mean m and deviation s of each training feature.

    m and s `[D]` are computed when the first stage with this head begins, in inference mode, and do not train. So one
    learning rate and one weight decay suit every encoder, whatever the scale of its features. s is the standard
    deviation plus 0.001. W starts at zero.

    Args:
        num_classes: number of classes C.
        scale: factor of the logits; 1 if the stage has none.
        square_root: put sign(x) sqrt(|x|) in place of x first; see `ltzoo.heads.signed_root`. The head is then no
            dense layer on the features.
        name: name of the layer.
        **kwargs: arguments of `LinearHead`.

    Raises:
        ValueError: `num_classes` is below 1.
    """

    # Variables that `build` creates.
    center: Any
    deviation: Any

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        square_root: bool = False,
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, scale, **{"kernel_initializer": "zeros", **kwargs}, name=name)
        self.square_root = bool(square_root)
        self.center = self.deviation = None

    def build(self, input_shape):
        """Create the weights."""
        super().build(input_shape)
        self.center = self.add_buffer("center", (input_shape[-1],))
        self.deviation = self.add_buffer("deviation", (input_shape[-1],), "ones")

    def logits(self, features, dtype):
        """Return the unscaled logits of features `[B, D]` in `dtype`."""
        center, deviation = ops.cast(self.center, dtype), ops.cast(self.deviation, dtype)
        features = signed_root(features) if self.square_root else features
        return super().logits((features - center) / deviation, dtype)

    def begin(self, previous: keras.layers.Layer | None, context: StageView) -> None:
        """Compute mean and deviation of the training features, unless this head continues."""
        if previous is self:
            return
        features = np.asarray(context.features()[0], np.float64)
        features = signed_root(features) if self.square_root else features
        self.center.assign(features.mean(axis=0))
        self.deviation.assign(features.std(axis=0) + SMALLEST)

    def class_vectors(self):
        """Return the matrix `[D, C]` that multiplies the features or their roots, without the common scale."""
        return self.folded_weights()[0] / self.scale

    def folded_weights(self) -> tuple[np.ndarray, np.ndarray]:
        """Return kernel `[D, C]` and bias `[C]` of the same logits, on the features or on their roots."""
        center, deviation = (ops.convert_to_numpy(weight.value) for weight in (self.center, self.deviation))
        kernel = ops.convert_to_numpy(self.kernel.value) / deviation[:, None]
        bias = 0.0 if self.bias is None else ops.convert_to_numpy(self.bias.value)
        return kernel * self.scale, (bias - center @ kernel) * self.scale

    def merged_weights(self) -> tuple[np.ndarray, np.ndarray]:
        """Return kernel `[D, C]` and bias `[C]` of the dense layer with the same logits.

        Raises:
            ValueError: there is none, since the head takes square roots.
        """
        refuse_roots(self)
        return self.folded_weights()

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "square_root": self.square_root}
