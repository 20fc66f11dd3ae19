"""Expected and maximum calibration error as Keras metrics."""

from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Size
from ltzoo.metrics.inputs import are_correct, labels_and_predictions, sample_weights


@keras.saving.register_keras_serializable(package="ltzoo")
class ExpectedCalibrationError(keras.metrics.Metric):
    """Compute the mean distance between accuracy and confidence over equal bins of the confidence.

    ece = sum_b n_b |accuracy_b - confidence_b| / sum_b n_b, where bin b holds the n_b confidences in
    (b / num_bins, (b + 1) / num_bins] (Naeini et al., 2015; Guo et al., 2017). A confidence of exactly 0 is in no bin.
    The result is NaN before the first sample.

    Labels are integers [batch] or [batch, 1], or soft labels [batch, C] whose largest entry counts. Predictions are
    [batch, C].

    Args:
        num_bins: number of bins.
        from_logits: True if predictions are logits, False for probabilities.
        name, dtype: see `keras.metrics.Metric`.

    Raises:
        ValueError: if `num_bins` is below 1.

    A confidence within float32 rounding of an edge may land on the other side; `calibration_bins` is exact.
    """

    @checked
    def __init__(
        self,
        num_bins: Size = 15,
        from_logits: bool = True,
        name: str | None = "expected_calibration_error",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.num_bins = int(num_bins)
        self.from_logits = bool(from_logits)
        self._edges = np.linspace(0.0, 1.0, self.num_bins + 1)
        # Rows: number of samples, number of correct samples, sum of the confidences.
        self.bins = self.add_weight(shape=(3, self.num_bins), initializer="zeros", name="bins")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of labels and predictions; `sample_weight` is [batch] or None."""
        labels, predictions, known = labels_and_predictions(y_true, y_pred)
        if self.from_logits:
            predictions = ops.softmax(predictions, axis=-1)
        weights = sample_weights(sample_weight, labels, self.dtype)
        confidence = ops.minimum(ops.cast(ops.max(predictions, axis=1), self.dtype), 1.0)
        correct = are_correct(labels, predictions, known, self.dtype)
        edges = ops.convert_to_tensor(self._edges, dtype=self.dtype)
        column = ops.expand_dims(confidence, 1)
        inside = ops.logical_and(column > edges[:-1], column <= edges[1:])
        # Membership [batch, bins], then sums over the batch.
        inside = ops.cast(inside, self.dtype) * ops.expand_dims(weights, 1)
        correct = ops.expand_dims(correct, 1)
        sums = [ops.sum(inside * factor, axis=0) for factor in (1.0, correct, column)]
        self.bins.assign_add(ops.stack(sums))

    def _gaps(self):
        count, correct, confidence = (self.bins[row] for row in range(3))
        return count, ops.divide_no_nan(ops.abs(correct - confidence), count)

    def result(self) -> Any:
        """Return the expected calibration error, a scalar fraction."""
        count, gap = self._gaps()
        total = ops.sum(count)
        return ops.where(total > 0, ops.divide_no_nan(ops.sum(count * gap), total), float("nan"))

    def get_config(self):
        """Return the constructor arguments."""
        return {
            "num_bins": self.num_bins,
            "from_logits": self.from_logits,
            "name": self.name,
            "dtype": self.dtype,
        }


@keras.saving.register_keras_serializable(package="ltzoo")
class MaximumCalibrationError(ExpectedCalibrationError):
    """Compute the largest distance between accuracy and confidence over all bins with a sample.

    Arguments, bins and errors are as in `ExpectedCalibrationError`.
    """

    @checked
    def __init__(
        self,
        num_bins: Size = 15,
        from_logits: bool = True,
        name: str | None = "maximum_calibration_error",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(num_bins=num_bins, from_logits=from_logits, name=name, dtype=dtype)

    def result(self) -> Any:
        """Return the maximum calibration error, a scalar fraction."""
        count, gap = self._gaps()
        return ops.where(ops.sum(count) > 0, ops.max(gap), float("nan"))
