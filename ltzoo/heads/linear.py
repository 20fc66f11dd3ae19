"""Base class of heads with a kernel and a bias."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Positive, PositiveInt
from ltzoo.layers import NormalizedDense
from ltzoo.layers.lengths import unit_length
from ltzoo.precision import float32_or_float64


class LinearHead(keras.layers.Layer):
    """Base of heads that start from x W + b.

    A subclass overrides `logits`, and adds `begin` if it needs data.

    Args:
        num_classes: number of classes C.
        scale: factor of the logits, a settable number; 1 if the stage has none.
        use_bias: add a bias.
        learn_kernel: train kernel and bias.
        kernel_initializer: initializer of the kernel.

    Input: features `[B, D]`. Output: logits `[B, C]`, at least float32. `kernel` is `[D, C]`.

    Raises:
        ValueError: `num_classes` is below 1.
    """

    # Variables that `build` creates; None before, and without a bias.
    kernel: Any
    bias: Any
    # Whether features get length 1 first, in subclasses that can continue a cosine classifier.
    normalize_features = False

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        use_bias: bool = True,
        learn_kernel: bool = True,
        kernel_initializer: str | Mapping[str, Any] | Callable[..., Any] = "glorot_uniform",
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(name=name, **kwargs)
        self.num_classes = int(num_classes)
        self.scale = 1.0 if scale is None else float(scale)
        self.use_bias = bool(use_bias)
        self.learn_kernel = bool(learn_kernel)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel = self.bias = None

    def build(self, input_shape):
        """Create the weights."""
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], self.num_classes),
            initializer=self.kernel_initializer,
            trainable=self.learn_kernel,
            autocast=False,
        )
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.num_classes,),
                initializer="zeros",
                trainable=self.learn_kernel,
                autocast=False,
            )

    def add_buffer(self, name, shape, initializer="zeros"):
        """Add a weight that is saved and never trained."""
        return self.add_weight(
            name=name, shape=shape, initializer=initializer, trainable=False, autocast=False
        )

    def call(self, inputs):
        """Return logits `[batch, C]`."""
        dtype = float32_or_float64(inputs.dtype)
        features = ops.cast(inputs, dtype)
        if self.normalize_features:
            features = unit_length(features, axis=-1)
        logits = self.logits(features, dtype)
        return logits if self.scale == 1.0 else logits * self.scale

    def logits(self, features: Any, dtype: str) -> Any:
        """Return the unscaled logits x W + b of features `[B, D]` in `dtype`."""
        logits = ops.matmul(features, ops.cast(self.kernel, dtype))
        return logits if self.bias is None else logits + ops.cast(self.bias, dtype)

    def class_vectors(self) -> np.ndarray:
        """Return the matrix `[D, C]` that multiplies the features, without the common scale."""
        return ops.convert_to_numpy(self.kernel.value)

    def take_over(self, previous: keras.layers.Layer | None) -> None:
        """Copy the linear classifier of another head; see `linear_weights`."""
        if previous is None or previous is self:
            return
        kernel, bias = linear_weights(previous, self.normalize_features)
        self.kernel.assign(kernel)
        if self.bias is not None:
            self.bias.assign(bias)

    def compute_output_shape(self, input_shape):
        """Return `(batch, C)`."""
        return (*input_shape[:-1], self.num_classes)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "scale": self.scale,
            "use_bias": self.use_bias,
            "learn_kernel": self.learn_kernel,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


def linear_weights(head: Any, normalized: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Return kernel `[D, C]` and bias `[C]` of the dense layer equivalent to a linear head.

    Args:
        head: the head.
        normalized: whether the dense layer gets features of length 1; a cosine classifier is linear in these.

    Raises:
        ValueError: the head is not linear in such features.
    """
    if getattr(head, "normalize_features", False) != normalized:
        has, needs = ("normalizes", "True") if not normalized else ("does not normalize", "False")
        raise ValueError(
            f"`normalize_features` must be {needs} to continue a classifier that {has} its features; it is an "
            "argument of the heads 'learnable_weight_scaling', 'disalign' and 'log_n'. "
            f"Received: normalize_features={normalized}, previous={type(head).__name__}"
        )
    if hasattr(head, "merged_weights"):
        return head.merged_weights()
    plain = isinstance(head, keras.layers.Dense) or getattr(type(head), "logits", None) is LinearHead.logits
    if plain:
        kernel = ops.convert_to_numpy(head.kernel.value)
        bias = head.bias
        bias = np.zeros(kernel.shape[1]) if bias is None else ops.convert_to_numpy(bias.value)
        scale = getattr(head, "scale", 1.0)
        return kernel * scale, bias * scale
    if isinstance(head, NormalizedDense):
        assert head.kernel is not None
        scale = head.scale if head.scale_weight is None else head.scale_weight.value
        kernel = ops.convert_to_numpy(unit_length(head.kernel.value, axis=0) * scale)
        return kernel, np.zeros(kernel.shape[1])
    raise ValueError(
        "`previous` must be a linear classifier; give the previous stage the head 'dense' or "
        f"'learnable_weight_scaling'. Received: previous={type(head).__name__}"
    )
