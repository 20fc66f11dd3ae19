"""A callback for Keras's own `fit` and `evaluate` that says why a loss is NaN."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from ltzoo.training.callbacks import InvalidLabelsError, NonFiniteLossError, wrong_labels


class LabelWatch(keras.callbacks.Callback):
    """Raise an `InvalidLabelsError` where labels make the loss NaN, and a `NonFiniteLossError` where it diverges.

    Labels that reach a compiled step unchecked make both the loss and `ltzoo.metrics.Top1Accuracy` NaN. A diverged
    network makes the loss NaN only.

    Args:
        labels_only: leave a diverged loss to others, such as `keras.callbacks.TerminateOnNaN`.
    """

    # Keras may call it from its own threads, so that no step waits for it.
    async_safe = True

    def __init__(self, labels_only: bool = False) -> None:
        super().__init__()
        self.labels_only = labels_only
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keep the number of the epoch."""
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Check the loss of a step."""
        logs = logs or {}
        loss = float(logs.get("loss", 0.0))
        if np.isfinite(loss):
            return
        where = f"batch {batch + 1} of epoch {self.epoch + 1}"
        if wrong_labels(logs):
            raise InvalidLabelsError(self.model, where)
        if not self.labels_only:
            raise NonFiniteLossError(
                "The loss must stay finite; the weights are lost. Build or load the model again, and lower the "
                f"learning rate or check images and labels. Received: loss={loss} in {where}"
            )

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Check the labels of an evaluation."""
        logs = logs or {}
        if not np.isfinite(float(logs.get("loss", 0.0))) and wrong_labels(logs):
            raise InvalidLabelsError(self.model, "the evaluated batches")
