"""Batch normalization with a "shifted" mode for retraining a classifier."""

from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Fraction, Positive
from ltzoo.fused_batch_norm import fused_batch_norm
from ltzoo.precision import float32_or_float64


@keras.saving.register_keras_serializable(package="ltzoo")
class BatchNormalization(keras.layers.BatchNormalization):
    """Batch normalization whose statistics can keep moving while its affine part is frozen.

    y = gamma (x - mean) / sqrt(variance + epsilon) + beta, per channel.

    In training there are three modes:

    - `trainable=True`: normalize by batch statistics, update the moving averages, train gamma and beta.
    - `trainable=False`: normalize by the moving averages and change nothing, as in Keras.
    - `shifted=True`: normalize by batch statistics and update the moving averages, but do *not* train gamma and
      beta, whatever `trainable` says. This is the shifted batch normalization of MiSLAS (Zhong et al., 2021,
      Eq. 5-6).

    In inference all three modes use the moving averages.

    Unlike Keras's layer, this one uses the fused operation of the backend if there is one
    (`ltzoo.fused_batch_norm`).

    Deviations: momentum and epsilon default to PyTorch's values (0.9 and 1e-5), not to Keras's (0.99 and 1e-3). As
    everywhere in Keras, the moving variance records the biased batch variance. PyTorch records the unbiased one,
    n / (n - 1) times as large for n values per channel.

    Args:
        shifted: use the third mode. The attribute can be set; compile the model again after a change.
        momentum: share of the old moving average that is kept. PyTorch calls 0.9 a momentum of 0.1.
        epsilon: constant added to the variance.
        **kwargs: other arguments of `keras.layers.BatchNormalization`. `renorm=True` and `synchronized=True` cannot
            be combined with `shifted=True`.

    Call arguments:
        inputs: tensor [batch, ..., channels].
        training: use and record batch statistics.
        mask: mask or weights of the positions, as in Keras.

    Raises:
        ValueError: if `shifted` is not a boolean, or is combined with `renorm` or `synchronized`.
    """

    @checked
    def __init__(
        self, shifted: bool = False, momentum: Fraction = 0.9, epsilon: Positive = 1e-5, **kwargs: Any
    ) -> None:
        super().__init__(momentum=momentum, epsilon=epsilon, **kwargs)
        self._shifted = False
        self.shifted = shifted

    @property
    def shifted(self) -> bool:
        """Whether training updates the moving averages while gamma and beta are frozen."""
        return self._shifted

    @shifted.setter
    def shifted(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise ValueError(f"`shifted` must be True or False. Received: shifted={value!r}")
        if value and (self.renorm or self.synchronized):
            raise ValueError(
                "`shifted` must be False with `renorm` or `synchronized`; switch them off to use it. "
                f"Received: shifted=True, renorm={self.renorm}, synchronized={self.synchronized}"
            )
        self._shifted = value
        self._freeze_affine()

    @property
    def trainable(self) -> bool:
        """Whether gamma and beta train (unless `shifted`) and the moving averages are updated."""
        return super().trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        keras.layers.Layer.trainable.__set__(self, value)
        self._freeze_affine()

    def uses_batch(self, training: bool | None) -> bool:
        """Return whether a call normalizes by batch statistics and updates the moving averages."""
        return bool(training) and (self.trainable or self._shifted)

    def _freeze_affine(self):
        for variable in (self.gamma, self.beta):
            if variable is not None:
                variable.trainable = self.trainable and not self._shifted

    def build(self, input_shape):
        """Create gamma, beta and the moving averages, each `[channels]`."""
        super().build(input_shape)
        self._freeze_affine()

    def call(self, inputs, training=None, mask=None):
        """Normalize inputs `[batch, ..., channels]`; the output has the same shape."""
        if self.renorm or self.synchronized:
            return super().call(inputs, training=training, mask=mask)
        inputs = ops.convert_to_tensor(inputs)
        outputs = batch_normalize(self, inputs, self.gamma, self.beta, training, mask)
        return ops.cast(outputs, self.compute_dtype)

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "shifted": self._shifted}


def batch_normalize(
    layer: BatchNormalization,
    inputs: Any,
    scale: Any | None,
    offset: Any | None,
    training: bool | None,
    mask: Any | None = None,
) -> Any:
    """Compute scale (x - mean) / sqrt(variance + epsilon) + offset, per channel.

    In training of a trainable or shifted layer, mean and variance are those of the batch, and the moving averages are
    updated. Otherwise mean and variance are the moving averages. The backend's fused operation is used if it has one.
    Without it, the batch variance is the mean of (x - mean)^2. Keras uses E[x^2] - E[x]^2 on PyTorch, which loses
    digits if the mean is large.

    Args:
        layer: a built `ltzoo.layers.BatchNormalization` that provides axis, epsilon, momentum, modes and moving
            averages.
        inputs: tensor [batch, ..., channels], or with its channels at `layer.axis`.
        scale: tensor [channels], or None for 1.
        offset: tensor [channels], or None for 0.
        training: as in Keras.
        mask: weights of the positions, or None. Its shape is that of the inputs without the channel axis, which must
            be the last one.

    Returns:
        tensor with the shape of the inputs, in float32 or float64. Half-precision inputs may keep their dtype, but
        are computed in float32.
    """
    dtype = float32_or_float64(inputs.dtype)
    scale, offset = (None if given is None else ops.cast(given, dtype) for given in (scale, offset))
    last = layer.axis in (-1, len(inputs.shape) - 1)
    if not layer.uses_batch(training):
        mean, variance = (ops.cast(average, dtype) for average in (layer.moving_mean, layer.moving_variance))
        fused = fused_batch_norm(inputs, scale, offset, layer.epsilon, (mean, variance)) if last else None
        if fused is not None:
            return fused[0]
        return _normalize(layer, ops.cast(inputs, dtype), mean, variance, scale, offset)
    fused = fused_batch_norm(inputs, scale, offset, layer.epsilon) if last and mask is None else None
    if fused is not None:
        outputs, mean, variance = fused
    else:
        inputs = ops.cast(inputs, dtype)
        mean, variance = _moments(layer, inputs, mask)
        outputs = _normalize(layer, inputs, mean, variance, scale, offset)
    for average, new in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
        mixed = layer.momentum * ops.cast(average, dtype) + (1.0 - layer.momentum) * new
        average.assign(ops.cast(mixed, average.dtype))
    return outputs


def _moments(layer, inputs, mask):
    axis = layer.axis % len(inputs.shape)
    axes = [number for number in range(len(inputs.shape)) if number != axis]
    weights = None if mask is None else ops.expand_dims(ops.cast(mask, inputs.dtype), -1)
    mean = _mean(inputs, axes, weights)
    return mean, _mean(ops.square(inputs - _along(layer, mean, inputs)), axes, weights)


def _normalize(layer, inputs, mean, variance, scale, offset):
    factor = ops.rsqrt(variance + layer.epsilon)
    factor = factor if scale is None else factor * scale
    outputs = (inputs - _along(layer, mean, inputs)) * _along(layer, factor, inputs)
    return outputs if offset is None else outputs + _along(layer, offset, inputs)


def _along(layer, values, inputs):
    """Reshape values [channels] so that they broadcast over the inputs."""
    shape = [1] * len(inputs.shape)
    shape[layer.axis] = inputs.shape[layer.axis]
    return ops.reshape(values, shape)


def _mean(values, axes, weights):
    # Sum and divide: keras.ops.mean lowers float64 to float32 on PyTorch.
    if weights is None:
        count = 1
        for axis in axes:
            count = count * (values.shape[axis] or ops.shape(values)[axis])
        return ops.sum(values, axis=axes) / ops.cast(count, values.dtype)
    # The weights have one channel, so their sum counts the positions.
    return ops.sum(values * weights, axis=axes) / ops.maximum(ops.sum(weights), 1e-7)
