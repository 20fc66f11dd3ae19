"""Batch normalization's arithmetic with as few passes over the feature map as keras.ops allows."""

from keras import ops


def channel_affine(inputs, factor, offset):
    """inputs * factor + offset with one factor and one offset a channel (the last axis); the offset may be None.

    On images the two vectors are repeated along a row of pixels, [width * channels]: broadcasting over a few
    channels only costs nearly twice as much on a CPU with TensorFlow.
    """
    if len(inputs.shape) != 4 or None in inputs.shape[1:]:
        outputs = inputs * factor
        return outputs if offset is None else outputs + offset
    width, channels = inputs.shape[-2:]
    rows = ops.reshape(inputs, (-1, width * channels))
    rows = rows * ops.tile(factor, [width])
    if offset is not None:
        rows = rows + ops.tile(offset, [width])
    return ops.reshape(rows, (-1, *inputs.shape[1:]))


def normalize_batch(inputs, gamma, beta, epsilon):
    """Batch normalization over all axes but the last, with the batch's own statistics.

    y = gamma xhat + beta, xhat = (x - mean) r, r = 1 / sqrt(variance + epsilon); with n values a channel and the
    gradient g of y,

        d beta = sum g ; d gamma = sum g xhat ; d x = gamma r (g - d beta / n - xhat d gamma / n).

    The gradient is written out, as one factor on g, one on x and one offset a channel: differentiating the
    formula operation by operation passes over the feature map about twice as often. It is a first derivative
    only.

    Args:
        inputs: x [batch, ..., C].
        gamma: [C].
        beta: [C].
        epsilon: Number.

    Returns:
        (y, mean [C], variance [C]); the variance is the biased one. No gradient flows through mean and variance.
    """
    axes = tuple(range(len(inputs.shape) - 1))
    # In two passes: ops.moments takes E[x^2] - E[x]^2 on PyTorch, which cancels where the mean is large.
    values = ops.stop_gradient(inputs)
    mean = ops.mean(values, axis=axes)
    variance = ops.mean(ops.square(values - mean), axis=axes)

    @ops.custom_gradient
    def normalized(x, gamma, beta, mean, variance):
        root = ops.rsqrt(variance + epsilon)
        factor = gamma * root

        def gradient(*arguments, upstream=None):
            # PyTorch hands over the inputs and `upstream`, the other backends only the gradient.
            g = arguments[0] if upstream is None else upstream
            size = ops.cast(ops.size(x) / x.shape[-1], x.dtype)
            d_beta = ops.sum(g, axis=axes)
            d_gamma = (ops.sum(g * x, axis=axes) - mean * d_beta) * root
            on_x = -factor * root * d_gamma / size
            offset = -factor * d_beta / size - on_x * mean
            d_x = channel_affine(g, factor, offset) + channel_affine(x, on_x, None)
            return d_x, d_gamma, d_beta, ops.zeros_like(mean), ops.zeros_like(variance)

        return channel_affine(x, factor, beta - mean * factor), gradient

    return normalized(inputs, gamma, beta, mean, variance), mean, variance
