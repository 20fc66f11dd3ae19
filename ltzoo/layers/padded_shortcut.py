"""Parameter-free shortcut ("option A") of the CIFAR ResNets."""

from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import PositiveInt


@keras.saving.register_keras_serializable(package="ltzoo")
class PaddedShortcut(keras.layers.Layer):
    """Skip connection that subsamples pixels and pads channels with zeros instead of learning a projection.

    It keeps every `stride`-th pixel, starting with pixel 0. Half of the new zero channels go before the old ones and
    half after them; if their number is odd, the larger half goes after. Deep Residual Learning for Image Recognition
    (He et al., 2016), section 4.2, option A.

    Args:
        filters: number of output channels, at least the number of input channels.
        stride: step between kept pixels.

    Input and output: [batch, height, width, channels] -> [batch, ceil(height / stride), ceil(width / stride), filters].

    Raises:
        ValueError: if `filters` or `stride` is below 1, or the input has more channels than `filters`.
    """

    @checked
    def __init__(self, filters: PositiveInt, stride: PositiveInt = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters = int(filters)
        self.stride = int(stride)

    def call(self, inputs):
        """Return the subsampled and padded inputs."""
        extra = self.filters - self._check(inputs.shape)
        outputs = inputs[:, :: self.stride, :: self.stride, :]
        before = extra // 2
        return ops.pad(outputs, [[0, 0], [0, 0], [0, 0], [before, extra - before]])

    def compute_output_shape(self, input_shape):
        """Return (batch, ceil(height / stride), ceil(width / stride), filters)."""
        self._check(input_shape)
        batch, *size, _ = input_shape
        return (batch, *(None if s is None else -(-s // self.stride) for s in size), self.filters)

    def _check(self, input_shape):
        if len(input_shape) != 4 or input_shape[-1] > self.filters:
            raise ValueError(
                f"`inputs` must be [batch, height, width, channels] with at most {self.filters} channels; "
                f"increase `filters`. Received: inputs of shape {tuple(input_shape)}, filters={self.filters}"
            )
        return input_shape[-1]

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "filters": self.filters, "stride": self.stride}
