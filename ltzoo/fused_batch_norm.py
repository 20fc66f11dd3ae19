"""Batch normalization in the framework's own fused operation, where it has one.

Keras composes it of operations that each read and write whole feature maps, with which a training step of ResNet-32
takes a third and more longer on a CPU (`benchmarks/speed/results/batch_norm.txt`). XLA fuses by itself, so JAX has no
function here.
"""

from typing import Any

import keras


def fused_batch_norm(
    inputs: Any,
    scale: Any | None,
    offset: Any | None,
    epsilon: float,
    averages: tuple[Any, Any] | None = None,
) -> tuple[Any, Any, Any] | None:
    """scale (x - mean) / sqrt(variance + epsilon) + offset, and its gradient.

    Args:
        inputs: [batch, height, width, channels].
        scale: [channels] in float32, or None for 1.
        offset: [channels] in float32, or None for 0.
        epsilon: Added to the variance.
        averages: (mean, variance), each [channels] in float32, to normalize by; None for those of the batch.

    Returns:
        (outputs, mean, variance): the first in the type of the inputs; the last two the given averages, or those of
        the batch, [channels] in float32, computed in float32 whatever the inputs, the variance biased (divided by
        n). Or None where the backend has no such operation for these inputs (JAX; another rank than 4; float64).
    """
    function = _FUNCTIONS.get(keras.backend.backend())
    if function is None or len(inputs.shape) != 4:
        return None
    if keras.backend.standardize_dtype(inputs.dtype) not in ("float32", "bfloat16", "float16"):
        return None
    channels = inputs.shape[-1]
    scale = keras.ops.ones(channels) if scale is None else keras.ops.convert_to_tensor(scale)
    offset = keras.ops.zeros(channels) if offset is None else keras.ops.convert_to_tensor(offset)
    if averages is not None:
        averages = tuple(keras.ops.convert_to_tensor(average) for average in averages)
    return function(inputs, scale, offset, epsilon, averages)


def _tensorflow(inputs, scale, offset, epsilon, averages):
    import tensorflow as tf

    if averages is not None:
        outputs, _, _ = tf.compat.v1.nn.fused_batch_norm(
            inputs, scale, offset, *averages, epsilon=epsilon, is_training=False
        )
        return outputs, *averages
    outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
        inputs, scale, offset, epsilon=epsilon, is_training=True
    )
    # The operation divides by n - 1, and by 1 where n is 1.
    count = tf.cast(tf.reduce_prod(tf.shape(inputs)[:3]), variance.dtype)
    return outputs, mean, variance * (tf.maximum(count - 1.0, 1.0) / count)


def _torch(inputs, scale, offset, epsilon, averages):
    import torch

    if averages is not None:
        mean, variance = averages
        outputs = torch.nn.functional.batch_norm(
            inputs.permute(0, 3, 1, 2), mean, variance, scale, offset, training=False, eps=epsilon
        )
        return outputs.permute(0, 2, 3, 1), mean, variance
    channels = inputs.shape[-1]
    count = inputs.numel() // channels
    if count < 2:
        return None
    mean, variance = (torch.zeros(channels, device=inputs.device) for _ in range(2))
    # With momentum 1 the running averages become the batch's mean and its variance divided by n - 1.
    outputs = torch.nn.functional.batch_norm(
        inputs.permute(0, 3, 1, 2), mean, variance, scale, offset, training=True, momentum=1.0, eps=epsilon
    )
    return outputs.permute(0, 2, 3, 1), mean, variance * ((count - 1) / count)


_FUNCTIONS = {"tensorflow": _tensorflow, "torch": _torch}
