"""Division of a feature map by its norm."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import one_of
from ltzoo.layers.lengths import euclidean_length
from ltzoo.precision import float32_or_float64

OVER = ("channels", "image")
NORM_EPSILON = 1e-6


@keras.saving.register_keras_serializable(package="ltzoo")
class FeatureNormalization(keras.layers.Layer):
    """Divide features by their norm over the channels of a position, or over a whole image: x / (|x| + 1e-6).

    What NBN (Bao et al., 2024, Table XII) compares with: "feature norm on channel [C]" and "on channel [C,H,W]". Its
    paper has no formula. The norm is computed in float32, or float64 for such inputs, and x = 0 stays 0 with a
    derivative of 1e6.

    Args:
        over: "channels" or "image".

    Input and output: [batch, height, width, channels].
    """

    @checked
    def __init__(self, over: str = "channels", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.over = one_of("over", over, OVER)

    def call(self, inputs):
        """Return the normalized features."""
        features = ops.cast(inputs, float32_or_float64(inputs.dtype))
        axis = -1 if self.over == "channels" else tuple(range(1, len(inputs.shape)))
        length = euclidean_length(features, axis)
        return ops.cast(features / (length + NORM_EPSILON), inputs.dtype)

    def compute_output_shape(self, input_shape):
        """Return the shape of the input."""
        return input_shape

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "over": self.over}
