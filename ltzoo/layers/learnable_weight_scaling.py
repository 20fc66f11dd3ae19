"""Linear classifier with one learned scale per class."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import PositiveInt
from ltzoo.layers.lengths import unit_length
from ltzoo.precision import float32_or_float64


@keras.saving.register_keras_serializable(package="ltzoo")
class LearnableWeightScaling(keras.layers.Layer):
    """Compute scores z = s * (x W + b), with one learned factor s_c per class.

    This is learnable weight scaling (LWS; Kang et al., "Decoupling", ICLR 2020, Section 4). With weights that continue
    to train it is the stage-2 classifier of MiSLAS (Eq. 4): z = diag(s) (a W + dW)^T x. It has two forms:

    - `separate_shift=False` (default), the published code, which produced the published results: dW is not a weight.
      W itself is fine-tuned from its stage-1 value with its own learning rate (optimizer
      `learning_rate_multipliers={"*kernel": 0.5, "*bias": 0.5}`). Weight decay then pulls on W.
    - `separate_shift=True`, the paper: W is fixed, and the weight `shift`, dW, starts at 0 and trains
      (`{"*shift": 0.5}`). Weight decay pulls W + dW back to a W.

    Special cases: `learn_kernel=False` is LWS. `learn_scale=False` is classifier re-training (cRT), if W is
    initialized again first. With `separate_shift=True, base_factor=0` W has no effect and needs no new values.

    Args:
        units: number of classes C.
        use_bias: add a bias. Eq. 4 has none; the published classifiers do.
        scale_bias: True for s * (x W + b), as published; False for s * (x W) + b.
        learn_scale: train s.
        learn_kernel: train W (or dW) and b.
        separate_shift: see above. The bias has no shift; it is trained directly.
        base_factor: the paper's a, with `separate_shift=True` only.
        kernel_initializer: initializer of W.
        normalize_features: give features length 1 first. With the unit class vectors of a cosine classifier as a fixed
            W this is s_c g <x/|x|, w_c/|w_c|>.

    Input and output: [batch, ..., D] -> [batch, ..., C], in float32 or float64, even under mixed precision.
    `layer.kernel` is [D, C]; `layer.class_scale` [C] starts at 1. `merged_weights()` folds everything into the kernel
    and bias of a plain dense layer.

    Raises:
        ValueError: if `units` is below 1, or `base_factor` is set without `separate_shift`.
    """

    @checked
    def __init__(
        self,
        units: PositiveInt,
        use_bias: bool = True,
        scale_bias: bool = True,
        learn_scale: bool = True,
        learn_kernel: bool = True,
        separate_shift: bool = False,
        base_factor: float = 1.0,
        kernel_initializer: str | Mapping[str, Any] | Callable[..., Any] = "glorot_uniform",
        normalize_features: bool = False,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        if base_factor != 1.0 and not separate_shift:
            raise ValueError(
                "`base_factor` needs `separate_shift=True`; otherwise the kernel itself is trained. "
                f"Received: base_factor={base_factor}"
            )
        self.units = int(units)
        self.use_bias = bool(use_bias)
        self.scale_bias = bool(scale_bias)
        self.learn_scale = bool(learn_scale)
        self.learn_kernel = bool(learn_kernel)
        self.separate_shift = bool(separate_shift)
        self.base_factor = float(base_factor)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.normalize_features = bool(normalize_features)
        self.kernel: keras.Variable | None = None
        self.bias: keras.Variable | None = None
        self.shift: keras.Variable | None = None
        self.class_scale: keras.Variable | None = None

    def build(self, input_shape):
        """Create the kernel, the class scale and, if wanted, the bias and the shift."""

        def weight(name, shape, initializer, trainable):
            return self.add_weight(
                name=name, shape=shape, initializer=initializer, trainable=trainable, autocast=False
            )

        shape = (input_shape[-1], self.units)
        learn_base = self.learn_kernel and not self.separate_shift
        self.kernel = weight("kernel", shape, self.kernel_initializer, learn_base)
        if self.use_bias:
            self.bias = weight("bias", (self.units,), "zeros", self.learn_kernel)
        if self.separate_shift:
            self.shift = weight("shift", shape, "zeros", self.learn_kernel)
        self.class_scale = weight("class_scale", (self.units,), "ones", self.learn_scale)

    def call(self, inputs):
        """Return scores [batch, ..., C]."""
        dtype = float32_or_float64(inputs.dtype)
        kernel = ops.cast(self.kernel, dtype)
        if self.shift is not None:
            kernel = self.base_factor * kernel + ops.cast(self.shift, dtype)
        scale = ops.cast(self.class_scale, dtype)
        features = ops.cast(inputs, dtype)
        if self.normalize_features:
            features = unit_length(features, axis=-1)
        logits = ops.matmul(features, kernel)
        if self.bias is None:
            return logits * scale
        bias = ops.cast(self.bias, dtype)
        return (logits + bias) * scale if self.scale_bias else logits * scale + bias

    def merged_weights(self) -> tuple[np.ndarray, np.ndarray]:
        """Return kernel [D, C] and bias [C] of the equivalent dense layer, on features as they are scaled here."""
        assert self.kernel is not None and self.class_scale is not None
        kernel, scale = (ops.convert_to_numpy(v.value) for v in (self.kernel, self.class_scale))
        if self.shift is not None:
            kernel = self.base_factor * kernel + ops.convert_to_numpy(self.shift.value)
        bias = np.zeros_like(scale) if self.bias is None else ops.convert_to_numpy(self.bias.value)
        return kernel * scale, bias * scale if self.scale_bias else np.array(bias)

    def compute_output_shape(self, input_shape):
        """Return (..., units)."""
        return (*input_shape[:-1], self.units)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "use_bias": self.use_bias,
            "scale_bias": self.scale_bias,
            "learn_scale": self.learn_scale,
            "learn_kernel": self.learn_kernel,
            "separate_shift": self.separate_shift,
            "base_factor": self.base_factor,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "normalize_features": self.normalize_features,
        }
