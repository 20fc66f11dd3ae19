"""Batch normalization for layers that bring their own scale and offset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras import ops

from ltzoo.fused_batch_norm import fused_batch_norm
from ltzoo.precision import float32_or_float64

if TYPE_CHECKING:
    from ltzoo.layers.batch_normalization import BatchNormalization


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
