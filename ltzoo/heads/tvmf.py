"""A classifier whose similarity falls faster than the cosine around its class vectors (t-vMF)."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Positive, PositiveInt, refuse
from ltzoo.heads.linear import LinearHead
from ltzoo.heads.registry import register
from ltzoo.layers.lengths import unit_length


@register("tvmf")
@keras.saving.register_keras_serializable(package="ltzoo")
class TvMF(LinearHead):
    """Logits s phi(cos(x, w_c)) with the t-vMF similarity, phi(u) = (1 + u) / (1 + kappa (1 - u)) - 1.

    phi(1) = 1 and phi(-1) = -1. The larger kappa, the closer to w_c a feature must be; kappa = 0 is the cosine. The
    scale s = 1 + softplus(r) is learned, from r = 0.

    Kobayashi, t-vMF Similarity for Regularizing In-Class Feature Distribution, CVPR 2021, as in the released
    tk1980/tvMF, models/Loss.py.

    Args:
        num_classes: number of classes C.
        scale: a factor of the logits in addition to s; 1, as published, if the stage has none.
        kappa: above -0.5, where phi(-1) has no value. 16 in the released example; -0.3, 4 and 64 are the other released
            values.
        name: name of the layer.
        **kwargs: arguments of `LinearHead`.

    Raises:
        ValueError: `kappa` is not above -0.5.
    """

    raw_scale: Any  # Variable r []; `build` creates it.

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        kappa: float = 16.0,
        kernel_initializer: Any = None,
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        if not kappa > -0.5:
            refuse("kappa", "a number above -0.5", kappa)
        if kernel_initializer is None:  # U(-1, 1) / sqrt(D), as published.
            kernel_initializer = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
        super().__init__(
            num_classes,
            scale,
            kernel_initializer=kernel_initializer,
            **{**kwargs, "use_bias": False},
            name=name,
        )
        self.kappa = float(kappa)

    def build(self, input_shape):
        """Create the weights."""
        super().build(input_shape)
        self.raw_scale = self.add_weight(
            name="raw_scale", shape=(), initializer="zeros", trainable=self.learn_kernel, autocast=False
        )

    def logits(self, features, dtype):
        """Return the logits of features `[B, D]` in `dtype`, without the factor `scale`."""
        kernel = unit_length(ops.cast(self.kernel, dtype), axis=0)
        cosines = ops.matmul(unit_length(features, axis=-1), kernel)
        similarities = (1.0 + cosines) / (1.0 + self.kappa * (1.0 - cosines)) - 1.0
        return similarities * (1.0 + ops.softplus(ops.cast(self.raw_scale, dtype)))

    def class_vectors(self):
        """Return the matrix `[D, C]` of the directions, since lengths of class vectors do not count."""
        return ops.convert_to_numpy(unit_length(self.kernel.value, axis=0))

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "kappa": self.kappa}
