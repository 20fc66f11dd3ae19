"""Batch normalization with two-pass statistics, for layers that bring their own scale and offset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras import ops

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
    averages take their share of them; otherwise they are the moving averages. The variance is the mean of
    (x - mean)^2: the form E[x^2] - E[x]^2, which Keras uses on PyTorch, loses digits where the mean is large.

    Args:
        layer: A built `ltzoo.layers.BatchNormalization`: its axis, epsilon, momentum, modes and moving averages.
        inputs: [batch, ..., channels], or channels at ``layer.axis``.
        scale: [channels], or None for 1.
        offset: [channels], or None for 0.
        training: As in Keras.
        mask: Weights of the positions, of the shape of the inputs without its channel axis (the last), or None.

    Returns:
        A tensor of the shape of the inputs, in float32 or float64.
    """
    dtype = float32_or_float64(inputs.dtype)
    inputs = ops.cast(inputs, dtype)
    axis = layer.axis % len(inputs.shape)
    axes = [number for number in range(len(inputs.shape)) if number != axis]
    shape = [1] * len(inputs.shape)
    shape[axis] = inputs.shape[axis]
    moving_mean, moving_variance = (
        ops.cast(average, dtype) for average in (layer.moving_mean, layer.moving_variance)
    )
    if training and (layer.trainable or layer.shifted):
        weights = None if mask is None else ops.expand_dims(ops.cast(mask, dtype), -1)
        mean = _mean(inputs, axes, weights)
        centered = inputs - ops.reshape(mean, shape)
        variance = _mean(ops.square(centered), axes, weights)
        for average, old, new in (
            (layer.moving_mean, moving_mean, mean),
            (layer.moving_variance, moving_variance, variance),
        ):
            average.assign(ops.cast(layer.momentum * old + (1.0 - layer.momentum) * new, average.dtype))
    else:
        variance = moving_variance
        centered = inputs - ops.reshape(moving_mean, shape)
    factor = ops.rsqrt(variance + layer.epsilon)
    if scale is not None:
        factor = factor * ops.cast(scale, dtype)
    outputs = centered * ops.reshape(factor, shape)
    return outputs if offset is None else outputs + ops.reshape(ops.cast(offset, dtype), shape)


def _mean(values, axes, weights):
    # Sums, because keras.ops.mean lowers float64 to float32 on PyTorch.
    if weights is None:
        count = 1
        for axis in axes:
            count = count * (values.shape[axis] or ops.shape(values)[axis])
        return ops.sum(values, axis=axes) / ops.cast(count, values.dtype)
    # The weights have one channel: their sum is that of the positions that count.
    return ops.sum(values * weights, axis=axes) / ops.maximum(ops.sum(weights), 1e-7)
