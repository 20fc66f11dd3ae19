"""Batch normalization with a "shifted" mode for re-training a classifier."""

from typing import Any

import keras
from keras import ops

from ltzoo.fused_batch_norm import fused_batch_norm
from ltzoo.precision import float32_or_float64


@keras.saving.register_keras_serializable(package="ltzoo")
class BatchNormalization(keras.layers.BatchNormalization):
    """Batch normalization whose statistics may go on moving while its affine part is frozen.

    y = gamma (x - mean) / sqrt(variance + epsilon) + beta, per channel.

    There are three modes in training:

    - ``trainable=True``: batch statistics, moving averages move, gamma and beta train;
    - ``trainable=False``: the moving averages are used and nothing changes (Keras's own meaning);
    - ``shifted=True``: batch statistics, moving averages move, gamma and beta do *not* train, whatever
      ``trainable`` says. This is the shifted batch normalization of MiSLAS (Zhong et al., 2021, Eq. 5-6).

    In inference all three use the moving averages.

    Args:
        shifted: See above. A settable attribute; compile the model again after a change.
        momentum: Share of the old moving average that is kept. 0.9 is what PyTorch calls momentum 0.1.
        epsilon: Added to the variance.
        **kwargs: The other arguments of ``keras.layers.BatchNormalization``. ``renorm=True`` and
            ``synchronized=True`` cannot be combined with ``shifted=True``.

    Call arguments:
        inputs: [batch, ..., channels].
        training: Whether to use and to record batch statistics.
        mask: As in Keras.

    Raises:
        ValueError: If ``shifted`` is not a boolean, or is combined with ``renorm`` or ``synchronized``.

    It uses the framework's own fused operation where there is one (``ltzoo.fused_batch_norm``); Keras's layer does
    not.

    Deviations: the defaults of momentum and epsilon are those of PyTorch (0.9 and 1e-5), not those of Keras
    (0.99 and 1e-3). As everywhere in Keras the moving variance records the biased batch variance; PyTorch
    records the unbiased one, n / (n - 1) times as large.
    """

    def __init__(
        self, shifted: bool = False, momentum: float = 0.9, epsilon: float = 1e-5, **kwargs: Any
    ) -> None:
        super().__init__(momentum=momentum, epsilon=epsilon, **kwargs)
        self._shifted = False
        self.shifted = shifted

    @property
    def shifted(self) -> bool:
        """Whether the moving averages move in training although gamma and beta are frozen."""
        return self._shifted

    @shifted.setter
    def shifted(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise ValueError(f"shifted must be True or False. Received: shifted={value!r}")
        if value and (self.renorm or self.synchronized):
            raise ValueError(
                "shifted=True cannot be combined with renorm or synchronized; switch them off. "
                f"Received: renorm={self.renorm}, synchronized={self.synchronized}"
            )
        self._shifted = value
        self._freeze_affine()

    @property
    def trainable(self) -> bool:
        """Whether gamma and beta train (unless ``shifted``) and the moving averages move."""
        return super().trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        keras.layers.Layer.trainable.fset(self, value)
        self._freeze_affine()

    def uses_batch(self, training: bool | None) -> bool:
        """Whether a call normalizes by the statistics of its batch and moves the averages."""
        return bool(training) and (self.trainable or self._shifted)

    def _freeze_affine(self):
        for variable in (self.gamma, self.beta):
            if variable is not None:
                variable.trainable = self.trainable and not self._shifted

    def build(self, input_shape):
        super().build(input_shape)
        self._freeze_affine()

    def call(self, inputs, training=None, mask=None):
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
    """scale (x - mean) / sqrt(variance + epsilon) + offset, per channel.

    In training (of a layer that is trainable or shifted) mean and variance are those of the batch, and the moving
    averages take their share of them; otherwise they are the moving averages. Either way it is the backend's own
    operation where it has one. Else the batch's variance is the mean of (x - mean)^2: the form E[x^2] - E[x]^2, which
    Keras uses on PyTorch, loses digits where the mean is large.

    Args:
        layer: A built `ltzoo.layers.BatchNormalization`: its axis, epsilon, momentum, modes and moving averages.
        inputs: [batch, ..., channels], or channels at ``layer.axis``.
        scale: [channels], or None for 1.
        offset: [channels], or None for 0.
        training: As in Keras.
        mask: Weights of the positions, of the shape of the inputs without its channel axis (the last), or None.

    Returns:
        A tensor of the shape of the inputs, in float32 or float64; half-precision inputs may stay what they are,
        and are computed with in float32 all the same.
    """
    dtype = float32_or_float64(inputs.dtype)
    scale, offset = (None if given is None else ops.cast(given, dtype) for given in (scale, offset))
    last = layer.axis in (-1, len(inputs.shape) - 1)
    if not layer.uses_batch(training):
        averages = tuple(ops.cast(average, dtype) for average in (layer.moving_mean, layer.moving_variance))
        fused = fused_batch_norm(inputs, scale, offset, layer.epsilon, averages) if last else None
        if fused is not None:
            return fused[0]
        return _normalize(layer, ops.cast(inputs, dtype), *averages, scale, offset)
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
    """Numbers of the channels in a shape that goes with the inputs."""
    shape = [1] * len(inputs.shape)
    shape[layer.axis] = inputs.shape[layer.axis]
    return ops.reshape(values, shape)


def _mean(values, axes, weights):
    # Sums, because keras.ops.mean lowers float64 to float32 on PyTorch.
    if weights is None:
        count = 1
        for axis in axes:
            count = count * (values.shape[axis] or ops.shape(values)[axis])
        return ops.sum(values, axis=axes) / ops.cast(count, values.dtype)
    # The weights have one channel: their sum is that of the positions that count.
    return ops.sum(values * weights, axis=axes) / ops.maximum(ops.sum(weights), 1e-7)
