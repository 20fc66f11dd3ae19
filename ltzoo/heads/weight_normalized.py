"""Linear classifier with a learned length per class vector (weight normalization)."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Positive, PositiveInt
from ltzoo.heads.linear import LinearHead
from ltzoo.heads.registry import register
from ltzoo.layers.lengths import unit_length


@register("weight_normalized")
@keras.saving.register_keras_serializable(package="ltzoo")
class WeightNormalized(LinearHead):
    """Logits g_c <x, w_c / |w_c|> + b_c with a learned magnitude g_c per class.

    "Weight Norm" in CAMC, Table II: Salimans and Kingma (NeurIPS 2016, Eq. 2), applied to the classifier. For one
    magnitude shared by all classes, use the head "normalized_dense" with `normalize_features=False`.

    Args:
        num_classes: number of classes C.
        scale: factor of the logits; 1 if the stage has none.
        initial_magnitude: initial g_c; the paper does not give it.
        use_bias: add a bias.
        name: name of the layer.
        **kwargs: arguments of `LinearHead`.
    """

    # Variables that `build` creates.
    magnitude: Any

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        initial_magnitude: float = 1.0,
        use_bias: bool = True,
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, scale, use_bias=use_bias, **kwargs, name=name)
        self.initial_magnitude = float(initial_magnitude)
        self.magnitude = None

    def build(self, input_shape):
        """Create the weights."""
        super().build(input_shape)
        self.magnitude = self.add_weight(
            name="magnitude",
            shape=(self.num_classes,),
            initializer=keras.initializers.Constant(self.initial_magnitude),
            autocast=False,
        )

    def logits(self, features, dtype):
        """Return the unscaled logits of features `[B, D]` in `dtype`."""
        directions = unit_length(ops.cast(self.kernel, dtype), axis=0)
        logits = ops.matmul(features, directions) * ops.cast(self.magnitude, dtype)
        return logits if self.bias is None else logits + ops.cast(self.bias, dtype)

    def class_vectors(self):
        """Return the matrix `[D, C]` that multiplies the features, without the common scale."""
        return ops.convert_to_numpy(unit_length(self.kernel.value, axis=0) * self.magnitude.value)

    def merged_weights(self):
        """Return kernel `[D, C]` and bias `[C]` of the equivalent dense layer."""
        kernel = self.class_vectors()
        bias = 0.0 * kernel[0] if self.bias is None else ops.convert_to_numpy(self.bias.value)
        return kernel * self.scale, bias * self.scale

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "initial_magnitude": self.initial_magnitude}
