"""Small network between the features and a contrastive loss."""

from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import PositiveInt, Seed
from ltzoo.layers.batch_normalization import BatchNormalization
from ltzoo.layers.lengths import unit_length


@keras.saving.register_keras_serializable(package="ltzoo")
class ProjectionHead(keras.layers.Layer):
    """Compute embeddings of length 1: z = v / |v|, with v = W2 relu(norm(W1 x + b1)) + b2.

    Contrastive losses use it, in training only (SimCLR, Chen et al. 2020; BCL; PaCo).

    Args:
        units: E, size of the embedding.
        hidden_units: size of the hidden layer; None for the size of the input.
        batch_normalization: normalize the hidden layer, as in the published code of BCL and PaCo.
        seed: seed of the initial kernels, U(-1 / sqrt(fan_in), 1 / sqrt(fan_in)), which is PyTorch's default.

    Input: [batch, D]. Output: [batch, E], in float32, even under mixed precision.

    Raises:
        ValueError: if `units` or `hidden_units` is below 1.
    """

    @checked
    def __init__(
        self,
        units: PositiveInt,
        hidden_units: PositiveInt | None = None,
        batch_normalization: bool = True,
        seed: Seed | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        self.units = int(units)
        self.hidden_units = None if hidden_units is None else int(hidden_units)
        self.batch_normalization = bool(batch_normalization)
        self.seed = seed
        self.hidden: keras.layers.Dense | None = None
        self.norm: BatchNormalization | None = None
        self.output_layer: keras.layers.Dense | None = None

    def build(self, input_shape):
        """Create the hidden layer, its norm and the output layer."""
        hidden_units = input_shape[-1] if self.hidden_units is None else self.hidden_units
        self.hidden = self._dense(hidden_units, "hidden", 0)
        self.hidden.build(input_shape)
        shape = (*input_shape[:-1], hidden_units)
        if self.batch_normalization:
            self.norm = BatchNormalization(dtype="float32", name="norm")
            self.norm.build(shape)
        self.output_layer = self._dense(self.units, "output", 1)
        self.output_layer.build(shape)

    def _dense(self, units, name, number):
        seed = None if self.seed is None else 2 * self.seed + number
        uniform = keras.initializers.VarianceScaling(1.0 / 3.0, "fan_in", "uniform", seed=seed)
        return keras.layers.Dense(units, kernel_initializer=uniform, dtype="float32", name=name)

    def call(self, inputs, training=None):
        """Return embeddings of length 1, [batch, E]."""
        assert self.hidden is not None and self.output_layer is not None
        hidden = self.hidden(ops.cast(inputs, "float32"))
        if self.norm is not None:
            hidden = self.norm(hidden, training=training)
        return unit_length(self.output_layer(ops.relu(hidden)), axis=-1)

    def compute_output_shape(self, input_shape):
        """Return (..., units)."""
        return (*input_shape[:-1], self.units)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "hidden_units": self.hidden_units,
            "batch_normalization": self.batch_normalization,
            "seed": self.seed,
        }
