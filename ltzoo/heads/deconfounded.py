"""The causal classifier of Tang et al., which takes the direction of the optimizer's drift out of features."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Few, Fraction, NonNegative, Positive, PositiveInt
from ltzoo.heads.linear import LinearHead
from ltzoo.heads.registry import register
from ltzoo.layers.lengths import euclidean_length, unit_length
from ltzoo.precision import float32_or_float64

SCALE = 16.0


@register("deconfounded")
@keras.saving.register_keras_serializable(package="ltzoo")
class Deconfounded(LinearHead):
    """Multi-head cosine classifier, in prediction without the mean direction of the training features (TDE).

    Features x and class vectors w_c are cut into K parts of D / K numbers. In training

        z_c = scale / K sum_k <x_k / |x_k|, w_ck / (|w_ck| + offset)>
        m <- momentum m + mean of the batch's x

    In prediction, x_k / |x_k| loses alpha times its part along d_k = m_k / |m_k|:

        x_k / |x_k| - alpha cos(x_k, d_k) d_k

    Tang, Huang and Zhang, Long-Tailed Classification by Keeping the Good and Removing the Bad Momentum Causal Effect,
    NeurIPS 2020, Eq. 7 and 9, as in the released KaihuaTang/Long-Tailed-Recognition.pytorch,
    classification/models/CausalNormClassifier.py. There m is a running sum, of which only the direction counts.

    Args:
        num_classes: number of classes C.
        scale: 16, as published, if the stage has none.
        parts: K; 2 as published.
        alpha: 1.0 for CIFAR-10-LT, 1.5 for CIFAR-100-LT, 3.0 for ImageNet-LT in the released configurations; 0 keeps
            all of x.
        offset: added to the lengths of class vectors; 1/32 as published.
        momentum: 0.9, as for CIFAR. For other datasets the released code moves it towards 1 as the learning rate
            falls, which averages over more batches.
        name: name of the layer.
        **kwargs: arguments of `LinearHead`.

    Raises:
        ValueError: an argument is out of range, or `parts` does not divide the number of features.
    """

    drift: Any  # Variable m [D]; `build` creates it.

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        parts: Few = 2,
        alpha: NonNegative = 1.0,
        offset: NonNegative = 1 / 32,
        momentum: Fraction = 0.9,
        kernel_initializer: Any = None,
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        if kernel_initializer is None:  # U(-1, 1) / sqrt(D), as published.
            kernel_initializer = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
        super().__init__(
            num_classes,
            SCALE if scale is None else scale,
            kernel_initializer=kernel_initializer,
            **{**kwargs, "use_bias": False},
            name=name,
        )
        self.parts = int(parts)
        self.alpha = float(alpha)
        self.offset = float(offset)
        self.momentum = float(momentum)

    def build(self, input_shape):
        """Create the weights."""
        if input_shape[-1] % self.parts:
            raise ValueError(
                f"`parts` must divide the number of features. Received: parts={self.parts}, "
                f"features={input_shape[-1]}"
            )
        super().build(input_shape)
        self.drift = self.add_buffer("drift", (input_shape[-1],))

    def call(self, inputs, training=None):
        """Return logits `[batch, C]`; in training, also update m."""
        if not training:
            return super().call(inputs)
        features = ops.cast(inputs, float32_or_float64(inputs.dtype))
        mean = ops.mean(ops.stop_gradient(features), axis=0)
        self.drift.assign(self.momentum * self.drift + ops.cast(mean, self.drift.dtype))
        return self._products(self._directions(features)) * self.scale

    def logits(self, features, dtype):
        """Return the unscaled logits of features `[B, D]` in prediction."""
        directions, drift = self._directions(features), self._directions(ops.cast(self.drift, dtype))
        cosines = ops.sum(directions * drift, axis=-1, keepdims=True)
        return self._products(directions - self.alpha * cosines * drift)

    def _directions(self, vectors):
        """Return the K parts of vectors `[.., D]` at unit length, `[B, K, D / K]`."""
        return unit_length(ops.reshape(vectors, (-1, self.parts, vectors.shape[-1] // self.parts)), axis=-1)

    def _products(self, directions):
        """Return the mean over the parts of their products with the class vectors, `[B, C]`."""
        size = directions.shape[-1]
        kernel = ops.reshape(ops.cast(self.kernel, directions.dtype), (self.parts, size, self.num_classes))
        kernel = kernel / (euclidean_length(kernel, axis=1) + self.offset)
        kernel = ops.reshape(kernel, (self.parts * size, self.num_classes))
        return ops.matmul(ops.reshape(directions, (-1, self.parts * size)), kernel) / self.parts

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "parts": self.parts,
            "alpha": self.alpha,
            "offset": self.offset,
            "momentum": self.momentum,
        }
