"""Logit rectification of NBN: standardized logits per class."""

from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Fraction, Positive
from ltzoo.layers.batch_normalization import BatchNormalization, batch_normalize


@keras.saving.register_keras_serializable(package="ltzoo")
class LogitRectification(BatchNormalization):
    """Standardize logits per class over the batch: (z - mean) / sqrt(variance + epsilon).

    Eq. 4 of Normalizing Batch Normalization (Bao et al., 2024). The logits of frequent classes have a larger mean and
    variance than those of rare classes. Here every class gets mean 0 and variance 1. Training uses batch statistics,
    inference their moving averages. The layer is a batch normalization over the classes without scale and offset. It
    follows the linear classifier including its bias, which therefore has no effect in training.

    Args:
        affine: learn a scale and an offset per class, as plain batch normalization does. The published code offers
            this; its results and Eq. 4 do not use it.
        momentum: share of the old moving average to keep. 0.9 corresponds to PyTorch's momentum 0.1.
        epsilon: added to the variance.
        **kwargs: other arguments of `ltzoo.layers.BatchNormalization`, except `center` and `scale`.

    Input and output: logits [batch, C] -> [batch, C], in float32 or float64, even under mixed precision. In training a
    batch of one image has logits 0.

    Deviation: the moving variance records the biased batch variance, as everywhere in Keras. The published code
    records the unbiased one, n / (n - 1) times as large.
    """

    @checked
    def __init__(
        self, affine: bool = False, momentum: Fraction = 0.9, epsilon: Positive = 1e-5, **kwargs: Any
    ) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(
            momentum=momentum, epsilon=epsilon, center=bool(affine), scale=bool(affine), **kwargs
        )
        self.affine = bool(affine)

    def call(self, inputs, training=None, mask=None):
        """Return standardized logits [batch, C]."""
        inputs = ops.convert_to_tensor(inputs)
        return batch_normalize(self, inputs, self.gamma, self.beta, training, mask)

    def get_config(self):
        """Return the constructor arguments."""
        config = super().get_config()
        del config["center"], config["scale"]
        return {**config, "affine": self.affine}
