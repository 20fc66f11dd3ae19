"""Linear classifier with normalized class vectors (cosine classifier, NormFC)."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Positive, PositiveInt, Seed, one_of
from ltzoo.layers.lengths import unit_length
from ltzoo.precision import float32_or_float64


@keras.saving.register_keras_serializable(package="ltzoo")
class UnitColumns(keras.initializers.Initializer):
    """Initialize with U(-1, 1) draws and scale each column to length 1, as in the published GCL code.

    Args:
        seed: integer, `keras.random.SeedGenerator`, or None for a random one.
    """

    @checked
    def __init__(self, seed: Seed | keras.random.SeedGenerator | None = None) -> None:
        self.seed = seed

    def __call__(self, shape, dtype=None):
        """Return a matrix of the given shape with columns of length 1."""
        draws = keras.random.uniform(shape, -1.0, 1.0, dtype=dtype, seed=self.seed)
        return unit_length(draws, axis=0)

    def get_config(self):
        """Return the constructor arguments."""
        return {"seed": keras.saving.serialize_keras_object(self.seed)}

    @classmethod
    def from_config(cls, config):
        """Build the initializer from the result of `get_config`."""
        return cls(seed=keras.saving.deserialize_keras_object(config["seed"]))


@keras.saving.register_keras_serializable(package="ltzoo")
class NormalizedDense(keras.layers.Layer):
    """Compute scores g <x/|x|, w_c/|w_c|>: the cosine between the feature and each class vector, times a scale.

    With `normalize_features=True` this is CAMC Eq. 8 and, with `scale=1`, the cosine classifier of GCL (Li et al.,
    2022, Eq. 6). With `normalize_features=False` it is g <x, w_c/|w_c|>, CAMC Eq. 7. There is no bias.

    Args:
        units: number of classes C.
        scale: the scale g. While it is fixed, `layer.scale` is a plain number that can be set between stages
            (compile the model again afterwards).
        learn_scale: train g as a weight, `layer.scale_weight`, which starts at `scale`. True: one number.
            "per_class": one g_c per class, which with `normalize_features=False` is weight normalization (Salimans
            and Kingma, 2016; CAMC, Table II).
        normalize_features: also scale the features to length 1.
        kernel_initializer: initializer of the kernel. Default: U(-1, 1) draws with every column scaled to length 1.
        kernel_regularizer: regularizer of the kernel.
        seed: seed of the default initializer.

    Input and output: [batch, ..., D] -> [batch, ..., C], in float32 or float64, even under mixed precision.
    `layer.kernel` is [D, C], one column per class. Training does not keep its columns at length 1.

    Raises:
        ValueError: if `units` is below 1, `scale` is not above 0, or `learn_scale` is unknown.

    Deviation: a zero feature has logits 0 and gradient 0; see `lengths.unit_length` for the published gradient.
    """

    @checked
    def __init__(
        self,
        units: PositiveInt,
        scale: Positive = 1.0,
        learn_scale: bool | str = False,
        normalize_features: bool = True,
        kernel_initializer: str | Mapping[str, Any] | Callable[..., Any] | None = None,
        kernel_regularizer: str | Mapping[str, Any] | Callable[..., Any] | None = None,
        seed: Seed | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        self.units = int(units)
        self.scale = float(scale)
        one_of("learn_scale", learn_scale, (False, True, "per_class"))
        self.learn_scale = learn_scale
        self.normalize_features = bool(normalize_features)
        self.seed = seed
        if kernel_initializer is None:
            kernel_initializer = UnitColumns(seed)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.kernel = None
        self.scale_weight = None

    def build(self, input_shape):
        """Create the kernel and, with `learn_scale`, the scale."""
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            autocast=False,
        )
        if self.learn_scale:
            self.scale_weight = self.add_weight(
                name="scale",
                shape=(self.units,) if self.learn_scale == "per_class" else (),
                initializer=keras.initializers.Constant(self.scale),
                autocast=False,
            )

    def call(self, inputs):
        """Return scores [batch, ..., C]."""
        dtype = float32_or_float64(inputs.dtype)
        features = ops.cast(inputs, dtype)
        if self.normalize_features:
            features = unit_length(features, axis=-1)
        directions = unit_length(ops.cast(self.kernel, dtype), axis=0)
        scale = self.scale if self.scale_weight is None else ops.cast(self.scale_weight, dtype)
        return ops.matmul(features, directions) * scale

    def compute_output_shape(self, input_shape):
        """Return (..., units)."""
        return (*input_shape[:-1], self.units)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "scale": self.scale,
            "learn_scale": self.learn_scale,
            "normalize_features": self.normalize_features,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            "seed": self.seed,
        }
