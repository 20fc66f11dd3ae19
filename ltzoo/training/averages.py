"""Measure held-out images with averaged weights, where the optimizer of a stage averages them."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ltzoo.keras_internals import averages_of


class MeasureAverages(keras.callbacks.Callback):
    """Put the averages of an optimizer with `use_ema=True` into the model while held-out images are measured.

    Keras puts them there at the end of the stage only, so `val_` metrics would be those of other weights than the
    stage returns. `keras.callbacks.SwapEMAWeights` does the same but rounds the weights at each swap on TensorFlow.
    Moving statistics of batch norm are not averaged.
    """

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Keep the weights and put the averages in their place."""
        pairs = averages_of(self.model.optimizer)
        self._kept = [(variable, ops.convert_to_numpy(variable.value)) for variable, _ in pairs]
        for variable, average in pairs:
            variable.assign(ops.convert_to_numpy(average))

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Put the weights back."""
        for variable, value in self._kept:
            variable.assign(value)
        self._kept = []
