"""Negative log-likelihood as a Keras metric."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.metrics.inputs import labels_and_predictions


@keras.saving.register_keras_serializable(package="ltzoo")
class NegativeLogLikelihood(keras.metrics.Mean):
    """Compute the mean of `-log softmax(logits)[label]`, in nats.

    Labels are as in `Top1Accuracy`, predictions are logits [batch, C]. The loss of a stage may shift or scale logits;
    this metric judges the probabilities that a model predicts with.

    Args:
        name, dtype: see `keras.metrics.Metric`.
    """

    @checked
    def __init__(self, name: str | None = "nll", dtype: str | keras.DTypePolicy | None = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of labels and logits; `sample_weight` is [batch] or None."""
        labels, logits, known = labels_and_predictions(y_true, y_pred)
        rows = ops.take_along_axis(ops.log_softmax(logits, axis=1), labels[:, None], axis=1)
        lost = ops.where(known, -ops.cast(rows[:, 0], self.dtype), float("nan"))
        super().update_state(lost, sample_weight=sample_weight)

    def get_config(self):
        """Return the constructor arguments."""
        return {"name": self.name, "dtype": self.dtype}
