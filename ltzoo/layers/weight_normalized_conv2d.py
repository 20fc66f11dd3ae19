"""Convolution whose filters are unit vectors times one learned magnitude per filter."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from ltzoo.precision import float32_or_float64

NORM_EPSILON = 1e-12


@keras.saving.register_keras_serializable(package="ltzoo")
class WeightNormalizedConv2D(keras.layers.Conv2D):
    """Convolution with filters w_k = g_k v_k / |v_k|, weight normalization of its kernel.

    Weight Normalization (Salimans and Kingma, NIPS 2016), Eq. 2, which NBN (Bao et al., 2024, Table X) compares with.
    v_k is filter k of the kernel [height, width, channels in, filters] and g its magnitudes [filters], learned both.
    The norm is computed in float32, or float64 for such a kernel.

    g starts at sqrt(2), the root mean square length of the filters of He initialization with fan-in, or at the lengths
    of filters that it takes over (`represent`).

    Deviation: the paper on weight normalization starts g from the statistics of a batch. Before batch normalization,
    as here, the length of a filter changes nothing but its learning rate.

    Args:
        **kwargs: arguments of `keras.layers.Conv2D`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(*args, **kwargs)
        # `ltzoo.models.initialization.reinitialize` draws weights again by this name.
        self.magnitude_initializer = keras.initializers.Constant(math.sqrt(2.0))
        self.magnitude: keras.Variable | None = None

    def build(self, input_shape):
        """Create the kernel and the magnitudes."""
        super().build(input_shape)
        self.magnitude = self.add_weight(
            name="magnitude",
            shape=(self.filters,),
            initializer=self.magnitude_initializer,
            autocast=False,
        )

    def effective_kernel(self) -> Any:
        """Return g_k v_k / |v_k| for all filters [height, width, channels in, filters]."""
        assert self.magnitude is not None
        directions = ops.cast(self.kernel, float32_or_float64(self.variable_dtype))
        squared = ops.sum(ops.square(directions), axis=(0, 1, 2))
        return directions * (ops.cast(self.magnitude, directions.dtype) * ops.rsqrt(squared + NORM_EPSILON))

    def represent(self, kernel: Any) -> None:
        """Take over a kernel: its filters become directions and their lengths the magnitudes."""
        assert self.magnitude is not None
        self.kernel.assign(kernel)
        self.magnitude.assign(ops.sqrt(ops.sum(ops.square(ops.cast(kernel, "float32")), axis=(0, 1, 2))))

    def call(self, inputs):
        """Return the convolved inputs [batch, height, width, filters]."""
        inputs = ops.cast(inputs, self.compute_dtype)
        outputs = self.convolution_op(inputs, ops.cast(self.effective_kernel(), self.compute_dtype))
        if self.use_bias:
            outputs = outputs + ops.cast(self.bias, self.compute_dtype)
        return outputs if self.activation is None else self.activation(outputs)

    def save_own_variables(self, store):
        """Write all weights; Keras's convolutions write kernel and bias only."""
        keras.layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store):
        """Read all weights."""
        keras.layers.Layer.load_own_variables(self, store)
