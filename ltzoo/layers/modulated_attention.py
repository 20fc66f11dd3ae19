"""Self-attention on a feature map, weighed by a spatial attention (OLTR)."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Few
from ltzoo.precision import float32_or_float64


@keras.saving.register_keras_serializable(package="ltzoo")
class ModulatedAttention(keras.layers.Layer):
    """Add to a map F what its positions say about each other, where a spatial attention asks for it.

        G = softmax(theta(F) phi(F)^T) g(F)           over positions, with 1 x 1 convolutions to D / reduction channels
        output = F + a * out(G), a = softmax(W flat(F) + b)             one weight per position

    `out` is a 1 x 1 convolution without a bias that starts at 0, so the layer starts as the identity.

    Liu et al., Large-Scale Long-Tailed Recognition in an Open World, CVPR 2019, as in the released
    zhmiao/OpenLongTailRecognition-OLTR, layers/ModulatedAttLayer.py. It knows maps of 7 x 7; here their size is that
    of the input when the layer is built.

    Args:
        reduction: divisor of the channels inside; 2 as published.

    Input and output: `[batch, h, w, D]`, at least float32.

    Raises:
        ValueError: the input is no map, or `reduction` exceeds D.
    """

    # Variables that `build` creates.
    inner: Any
    inner_bias: Any
    out: Any
    spatial: Any
    spatial_bias: Any

    @checked
    def __init__(self, reduction: Few = 2, **kwargs: Any) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        self.reduction = int(reduction)

    def build(self, input_shape):
        """Create the weights."""
        if len(input_shape) != 4 or None in input_shape[1:] or input_shape[-1] < self.reduction:
            raise ValueError(
                "`inputs` must be maps [batch, h, w, D] of known size with at least `reduction` channels. "
                f"Received: inputs of shape {tuple(input_shape)}, reduction={self.reduction}"
            )
        size, channels = math.prod(input_shape[1:3]), input_shape[-1]
        fewer = channels // self.reduction
        he = keras.initializers.HeNormal
        uniform = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")  # PyTorch's default.
        self.inner = [self._weight(name, (channels, fewer), he()) for name in ("theta", "phi", "g")]
        self.inner_bias = [self._weight(f"{name}_bias", (fewer,), "zeros") for name in ("theta", "phi", "g")]
        self.out = self._weight("out", (fewer, channels), "zeros")
        self.spatial = self._weight("spatial", (size * channels, size), uniform)
        self.spatial_bias = self._weight("spatial_bias", (size,), "zeros")

    def _weight(self, name, shape, initializer):
        return self.add_weight(name=name, shape=shape, initializer=initializer, autocast=False)

    def call(self, inputs):
        """Return the map with attention."""
        maps = ops.cast(inputs, float32_or_float64(inputs.dtype))
        height, width, channels = maps.shape[1:]
        rows = ops.reshape(maps, (-1, height * width, channels))
        theta, phi, g = (
            ops.matmul(rows, kernel) + bias for kernel, bias in zip(self.inner, self.inner_bias, strict=True)
        )
        similar = _softmax(ops.matmul(theta, ops.transpose(phi, (0, 2, 1))))
        added = ops.matmul(ops.matmul(similar, g), self.out)
        flat = ops.reshape(maps, (-1, height * width * channels))
        attention = _softmax(ops.matmul(flat, self.spatial) + self.spatial_bias)
        return maps + ops.reshape(ops.expand_dims(attention, -1) * added, (-1, height, width, channels))

    def compute_output_shape(self, input_shape):
        """Return the shape of the input."""
        return input_shape

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "reduction": self.reduction}


def _softmax(values):
    """Return the softmax over the last axis; Keras warns of an axis of size 1."""
    return 1.0 + 0.0 * values if values.shape[-1] == 1 else ops.softmax(values, axis=-1)
