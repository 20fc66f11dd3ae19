"""Small parallel branch for a layer of a frozen network (AdaptFormer)."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import PositiveInt, Size
from ltzoo.precision import float32_or_float64


@keras.saving.register_keras_serializable(package="ltzoo")
class BottleneckAdapter(keras.layers.Layer):
    """Compute the adapter branch s (ReLU(LN(x) W_down + b_down) W_up + b_up).

    AdaptFormer: Adapting Vision Transformers for Scalable Visual Recognition (Chen et al., NeurIPS 2022), in the form
    of LIFT's released code (Shi et al., ICML 2024). The branch has its own layer norm LN and a learned s that starts
    at 1. W_up and both biases start at zero, so the branch adds nothing before training. With `kernel_size` it is the
    branch of a convolution: W_down convolves with the same window, stride and padding, and W_up acts on the channels.

    Args:
        units: size of the output's last axis.
        rank: size r of the bottleneck.
        kernel_size: window of the convolution, None for a linear layer.
        strides, padding, dilation_rate: see `keras.layers.Conv2D`.
        layer_norm: normalize the input over the last axis (epsilon 1e-5).
        kernel_initializer: initializer of W_down. Default: N(0, 1 / (3 n)) with n inputs, as in the released code
            (`kaiming_normal_(a=sqrt(5))`).

    Input [..., D], output [..., units]. Weights: `kernel` (W_down), `down_bias`, `up_kernel` (W_up), `up_bias`, `scale`
    and, with a layer norm, `gamma` and `beta`.

    Raises:
        ValueError: if `units` or `rank` is below 1.
    """

    @checked
    def __init__(
        self,
        units: PositiveInt,
        rank: Size,
        kernel_size: PositiveInt | Sequence[PositiveInt] | None = None,
        strides: PositiveInt | Sequence[PositiveInt] = 1,
        padding: str = "valid",
        dilation_rate: PositiveInt | Sequence[PositiveInt] = 1,
        layer_norm: bool = True,
        kernel_initializer: str | Mapping[str, Any] | Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value in (("units", units), ("rank", rank)):
            if value < 1:
                raise ValueError(f"`{name}` must be 1 or more. Received: {name}={value}")
        self.units = int(units)
        self.rank = int(rank)
        self.kernel_size = None if kernel_size is None else _pair(kernel_size)
        self.strides = _pair(strides)
        self.padding = padding
        self.dilation_rate = _pair(dilation_rate)
        self.layer_norm = bool(layer_norm)
        if kernel_initializer is None:
            kernel_initializer = keras.initializers.VarianceScaling(1 / 3, "fan_in", "untruncated_normal")
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, input_shape):
        """Create the weights of the branch."""
        size = input_shape[-1]
        if self.layer_norm:
            self.gamma = self.add_weight(name="gamma", shape=(size,), initializer="ones")
            self.beta = self.add_weight(name="beta", shape=(size,), initializer="zeros")
        self.kernel = self.add_weight(
            name="kernel",
            shape=(*(self.kernel_size or ()), size, self.rank),
            initializer=self.kernel_initializer,
        )
        self.down_bias = self.add_weight(name="down_bias", shape=(self.rank,), initializer="zeros")
        self.up_kernel = self.add_weight(name="up_kernel", shape=(self.rank, self.units), initializer="zeros")
        self.up_bias = self.add_weight(name="up_bias", shape=(self.units,), initializer="zeros")
        self.scale = self.add_weight(name="scale", shape=(), initializer="ones")

    def call(self, inputs):
        """Return the branch's addition to the layer's output, [..., units]."""
        x = self._normalize(inputs) if self.layer_norm else inputs
        if self.kernel_size is None:
            x = ops.matmul(x, self.kernel)
        else:
            x = ops.conv(
                x,
                self.kernel,
                strides=self.strides,
                padding=self.padding,
                data_format="channels_last",
                dilation_rate=self.dilation_rate,
            )
        x = ops.relu(x + self.down_bias)
        return (ops.matmul(x, self.up_kernel) + self.up_bias) * self.scale

    def _normalize(self, inputs):
        dtype = float32_or_float64(inputs.dtype)
        x = ops.cast(inputs, dtype)
        x = x - ops.mean(x, axis=-1, keepdims=True)
        x = x * ops.rsqrt(ops.mean(ops.square(x), axis=-1, keepdims=True) + 1e-5)
        return ops.cast(x, self.compute_dtype) * self.gamma + self.beta

    def compute_output_shape(self, input_shape):
        """Return the output shape of the layer the branch belongs to."""
        if self.kernel_size is None:
            return (*input_shape[:-1], self.units)
        return ops.conv(
            keras.KerasTensor(input_shape),
            keras.KerasTensor((*self.kernel_size, input_shape[-1], self.units)),
            strides=self.strides,
            padding=self.padding,
            data_format="channels_last",
            dilation_rate=self.dilation_rate,
        ).shape

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "rank": self.rank,
            "kernel_size": None if self.kernel_size is None else list(self.kernel_size),
            "strides": list(self.strides),
            "padding": self.padding,
            "dilation_rate": list(self.dilation_rate),
            "layer_norm": self.layer_norm,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


def _pair(value):
    return (int(value),) * 2 if isinstance(value, int) else tuple(int(size) for size in value)
