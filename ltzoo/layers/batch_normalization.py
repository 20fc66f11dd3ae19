"""Batch normalization with a "shifted" mode for re-training a classifier."""

from typing import Any

import keras
from keras import ops

from ltzoo.layers.batch_statistics import batch_normalize


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
