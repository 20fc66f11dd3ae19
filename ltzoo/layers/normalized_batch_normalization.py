"""Batch normalization whose scale and offset are unit vectors times one magnitude (NBN)."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import NonNegative
from ltzoo.layers.batch_normalization import BatchNormalization, batch_normalize
from ltzoo.layers.lengths import euclidean_length
from ltzoo.precision import float32_or_float64

NORM_EPSILON = 1e-6


def unit_direction(vector: Any, radius: float = 0.0) -> Any:
    """Return the direction u(v) of a vector, with a smooth path through zero if `radius` is above 0.

        |v| >= radius:  v / (|v| + 1e-6)                                     (the published function)
        |v| <  radius:  v (3 - |v|^2 / radius^2) / (2 (radius + 1e-6))

    Value and slope of the two agree at |v| = radius (the slope up to 1e-6 / radius^2). At v = 0 the derivative is
    1.5 / radius times the identity; without a radius it is 1e6 times the identity.
    """
    squared = ops.sum(ops.square(vector))
    length = euclidean_length(vector, axis=0)
    if not radius:
        return vector / (length + NORM_EPSILON)
    inside = (3.0 - squared / radius**2) / (2.0 * (radius + NORM_EPSILON))
    outside = 1.0 / (ops.maximum(length, radius) + NORM_EPSILON)
    return vector * ops.where(length < radius, inside, outside)


@keras.saving.register_keras_serializable(package="ltzoo")
class NormalizedBatchNormalization(BatchNormalization):
    """Batch normalization that learns the directions of scale and offset apart from their common magnitude.

    y = g a u(gamma) xhat + g b u(beta), with xhat = (x - mean) / sqrt(variance + epsilon) and u(v) = v / |v|.

    This is Normalizing Batch Normalization (Bao et al., 2024), Eq. 2 with g_gamma = g_beta = g, the form of all its
    results. `gamma` and `beta` are the weights of `keras.layers.BatchNormalization`, but only their directions count.
    The factors a and b are 1 and never train. They differ from 1 only in layers that took over a trained scale and
    offset (`represent`), so that one g can serve layers of different strength.

    `layer([x, g])` uses the scalar g of a `SharedMagnitude`, and `layer([x, g_gamma, g_beta])` one for each vector.
    `layer(x)` learns the layer's own magnitude, `layer.magnitude` ("not sharing" in Table VII). Training modes and
    moving averages (momentum 0.9, epsilon 1e-5) are as in `ltzoo.layers.BatchNormalization`.

    A new layer starts as published: gamma ones, beta zeros, g = 1. Its effective scale is then 1 / sqrt(channels):
    0.125 in the last stage of ResNet-32, 0.022 in the last stage of ResNet-50. The residual stream thus starts almost
    as the identity, and the blocks grow into it as g grows (Fig. 2).

    Args:
        bias_radius: length of beta below which u follows a smooth path through zero (`unit_direction`). beta starts at
            zero, where a direction is undefined. 0 is the published function everywhere. Its derivative at zero is 1e6,
            so the first step makes beta so long (8e3 in a toy run) that no later step can turn it. The offset then
            keeps the gradient direction of the first batch for good. With the default, 0.1, beta reaches full length
            within a few steps and still turns (`benchmarks/cifar10_lt/results/nbn_bias_direction.txt`).
        normalize: False leaves out u: y = g a gamma xhat + g b beta ("Ours w/o. normalization" in Table IX).
        magnitude: initial value of the layer's own magnitude.
        learn_magnitude: train the layer's own magnitude (False: "Fix g" in Table IX).
        **kwargs: arguments of `ltzoo.layers.BatchNormalization`; `center=False` leaves out the offset.

    Call arguments:
        inputs: [batch, ..., channels], or a list of it and one or two scalar magnitudes.
        training, mask: see `keras.layers.BatchNormalization`.

    Raises:
        ValueError: if `bias_radius` is negative, or with `scale=False`, `renorm` or `synchronized`.

    Deviations: u near zero, see `bias_radius`. The moving variance records the biased batch variance, as everywhere in
    Keras. The published code records the unbiased one, n / (n - 1) times as large.
    """

    @checked
    def __init__(
        self,
        bias_radius: NonNegative = 0.1,
        normalize: bool = True,
        magnitude: float = 1.0,
        learn_magnitude: bool = True,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        if not self.scale or self.renorm or self.synchronized:
            raise ValueError(
                "`scale` must be True, and `renorm` and `synchronized` must be False. "
                f"Received: scale={self.scale}, renorm={self.renorm}, synchronized={self.synchronized}"
            )
        self.bias_radius = float(bias_radius)
        self.normalize = bool(normalize)
        self.initial_magnitude = float(magnitude)
        self.learn_magnitude = bool(learn_magnitude)
        self.magnitude: keras.Variable | None = None
        self.gamma_factor: keras.Variable | None = None
        self.beta_factor: keras.Variable | None = None

    def build(self, input_shape):
        """Create the weights; the layer's own magnitude only without a shared one."""
        shared = _is_list_of_shapes(input_shape)
        super().build(input_shape[0] if shared else input_shape)
        self.add_factors()
        if shared:
            scalars = [keras.layers.InputSpec(ndim=0) for _ in input_shape[1:]]
            self.input_spec = [self.input_spec, *scalars]
        else:
            self.magnitude = self.add_weight(
                name="magnitude",
                shape=(),
                initializer=keras.initializers.Constant(self.initial_magnitude),
                trainable=self.learn_magnitude,
                autocast=False,
            )
        self._freeze_affine()

    def add_factors(self) -> None:
        """Create the factors a and b, which are 1 until `represent` sets them."""
        self.gamma_factor, self.beta_factor = (
            self.add_weight(name=name, shape=(), initializer="ones", trainable=False, autocast=False)
            for name in ("gamma_factor", "beta_factor")
        )

    def _freeze_affine(self):
        super()._freeze_affine()
        # The base class calls this in its constructor, before `magnitude` exists.
        magnitude = getattr(self, "magnitude", None)
        if magnitude is not None and self.learn_magnitude:
            magnitude.trainable = self.trainable and not self._shifted

    def call(self, inputs, training=None, mask=None):
        """Return normalized inputs [batch, ..., channels]."""
        magnitude = None
        if isinstance(inputs, (list, tuple)):
            inputs, *magnitude = inputs
            mask = mask[0] if isinstance(mask, (list, tuple)) else mask
        dtype = float32_or_float64(inputs.dtype)
        gamma, beta = self.effective_parameters(magnitude, dtype)
        outputs = batch_normalize(self, inputs, gamma, beta, training, mask)
        half = keras.backend.standardize_dtype(self.compute_dtype) in ("float16", "bfloat16")
        return ops.cast(outputs, self.compute_dtype) if half else outputs

    def effective_parameters(self, magnitude: Any | None = None, dtype: str = "float32") -> tuple[Any, Any]:
        """Return (g a u(gamma), g b u(beta)), each [channels]: the factor of xhat and the offset.

        Args:
            magnitude: the shared g, or a list of it or of g_gamma and g_beta; None for the layer's own.
            dtype: dtype of the result.

        Returns:
            scale and offset; the offset is None in a layer without one.

        Raises:
            ValueError: if `magnitude` is None but the layer shares its magnitude.
        """
        if magnitude is None:
            if self.magnitude is None:
                raise ValueError(
                    f"`magnitude` must be given, because layer {self.name!r} shares its magnitude. "
                    "Received: magnitude=None"
                )
            magnitude = self.magnitude
        magnitudes = list(magnitude) if isinstance(magnitude, (list, tuple)) else [magnitude]

        def effective(direction, factor, radius, magnitude):
            direction = ops.cast(direction, dtype)
            direction = unit_direction(direction, radius) if self.normalize else direction
            return ops.cast(magnitude, dtype) * ops.cast(factor, dtype) * direction

        gamma = effective(self.gamma, self.gamma_factor, 0.0, magnitudes[0])
        if not self.center:
            return gamma, None
        return gamma, effective(self.beta, self.beta_factor, self.bias_radius, magnitudes[-1])

    def represent(self, gamma: Sequence[float], beta: Sequence[float] | None, magnitude: float) -> None:
        """Take over a trained scale and offset: set directions and factors so that these are the effective ones.

        Args:
            gamma: scale [channels], not all zero.
            beta: offset [channels]; None for a layer without one. A zero offset leaves beta free to learn.
            magnitude: g that the layer is used with, not 0. The layer's own magnitude, if any, is set to it.

        Raises:
            ValueError: if `gamma` is all zero and has no direction, or `magnitude` is 0.
        """
        assert self.gamma_factor is not None and self.beta_factor is not None
        scale = np.asarray(gamma, "float64")
        length = np.sqrt(np.sum(scale**2))
        if not length > 0 or not magnitude:
            raise ValueError(
                f"`gamma` of layer {self.name!r} must have a direction, and `magnitude` must not be 0. "
                f"Received: |gamma|={length}, magnitude={magnitude}"
            )
        self.gamma.assign(scale)
        self.gamma_factor.assign((length + NORM_EPSILON if self.normalize else 1.0) / magnitude)
        if self.magnitude is not None:
            self.magnitude.assign(magnitude)
        if not self.center:
            return
        offset = np.asarray(beta, "float64")
        length = np.sqrt(np.sum(offset**2))
        if self.normalize and length > 0:
            # At this length u is the plain direction.
            new_length = max(1.0, self.bias_radius)
            self.beta.assign(offset / length * new_length)
            self.beta_factor.assign(length * (1.0 + NORM_EPSILON / new_length) / magnitude)
        else:
            self.beta.assign(offset)
            self.beta_factor.assign(1.0 if self.normalize else 1.0 / magnitude)

    def compute_mask(self, inputs, previous_mask):
        """Return the mask of the first input."""
        return previous_mask[0] if isinstance(previous_mask, (list, tuple)) else previous_mask

    def compute_output_shape(self, input_shape):
        """Return the shape of the first input."""
        return tuple(input_shape[0] if _is_list_of_shapes(input_shape) else input_shape)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "bias_radius": self.bias_radius,
            "normalize": self.normalize,
            "magnitude": self.initial_magnitude,
            "learn_magnitude": self.learn_magnitude,
        }


def _is_list_of_shapes(shape):
    return len(shape) > 0 and isinstance(shape[0], (list, tuple))
