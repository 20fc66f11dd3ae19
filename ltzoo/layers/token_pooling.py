"""Pooling of transformer tokens to one feature vector."""

from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import NonNegativeInt, one_of
from ltzoo.precision import float32_or_float64

MODES = ("class", "mean")


@keras.saving.register_keras_serializable(package="ltzoo")
class TokenPooling(keras.layers.Layer):
    """Return the class token, or the mean of the patch tokens.

        "class": y = x_0              "mean": y = 1 / (T - p) sum_{t >= p} x_t

    Args:
        mode: "class" or "mean".
        prefix: number p of tokens before the patches (class token, registers); used by "mean" only.

    Input [batch, T, D], output [batch, D]. The mean is computed in float32 or float64.

    Raises:
        ValueError: if `mode` is unknown or `prefix` is negative.
    """

    @checked
    def __init__(self, mode: str = "class", prefix: NonNegativeInt = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        one_of("mode", mode, MODES)
        self.mode = mode
        self.prefix = int(prefix)

    def call(self, tokens):
        """Return one feature vector per image, [batch, D]."""
        if self.mode == "class":
            return tokens[:, 0]
        patches = tokens[:, self.prefix :]
        wide = ops.cast(patches, float32_or_float64(patches.dtype))
        return ops.cast(ops.mean(wide, axis=1), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        """Return (batch, D)."""
        return (input_shape[0], input_shape[-1])

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "mode": self.mode, "prefix": self.prefix}
