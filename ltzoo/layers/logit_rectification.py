"""Standardized logits (logit rectification of NBN)."""

from typing import Any

import keras
from keras import ops

from ltzoo.layers.batch_normalization import BatchNormalization, batch_normalize


@keras.saving.register_keras_serializable(package="ltzoo")
class LogitRectification(BatchNormalization):
    """Logits with mean 0 and variance 1 for each class over the batch: (z - mean) / sqrt(variance + epsilon).

    Eq. 4 of Normalizing Batch Normalization (Bao et al., 2024). The logits of frequent classes have a larger mean and
    variance than those of rare ones; here every class gets the same. In training the statistics are those of the
    batch, in inference their moving averages. It is a batch normalization without scale and offset over the classes,
    and it follows the linear classifier, bias included (which therefore has no effect in training).

    Args:
        affine: Learn a scale and an offset for each class, as plain batch normalization does. The published code has
            the option; its results do not use it, nor does Eq. 4.
        momentum: Share of the old moving average that is kept. 0.9 is what PyTorch calls momentum 0.1.
        epsilon: Added to the variance.
        **kwargs: Other arguments of ``ltzoo.layers.BatchNormalization``, without ``center`` and ``scale``.

    Input and output: logits [batch, classes] -> [batch, classes], in float32 at least, also under mixed precision. A
    batch of one image has logits 0 in training.

    Deviation: the moving variance records the biased batch variance, as everywhere in Keras; the published code
    records the unbiased one, n / (n - 1) times as large.
    """

    def __init__(
        self, affine: bool = False, momentum: float = 0.9, epsilon: float = 1e-5, **kwargs: Any
    ) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(
            momentum=momentum, epsilon=epsilon, center=bool(affine), scale=bool(affine), **kwargs
        )
        self.affine = bool(affine)

    def call(self, inputs, training=None, mask=None):
        inputs = ops.convert_to_tensor(inputs)
        return batch_normalize(self, inputs, self.gamma, self.beta, training, mask)

    def get_config(self):
        """Return the constructor arguments."""
        config = super().get_config()
        del config["center"], config["scale"]
        return {**config, "affine": self.affine}
