"""Softmax cross-entropy on integer or soft labels."""

from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Fraction
from ltzoo.contracts.label_tensors import refuses_wrong_labels
from ltzoo.losses.function_loss import FunctionLoss
from ltzoo.losses.registry import register
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.precision import float32_or_float64


@refuses_wrong_labels
def cross_entropy(y_true: Any, y_pred: Any, *, label_smoothing: float = 0.0) -> Any:
    """Compute the softmax cross-entropy -sum_k y_k log softmax(z)_k per sample.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels y [batch, C].
        y_pred: logits z [batch, C].
        label_smoothing: share e of every label to spread evenly over all C classes.

    Returns:
        loss per sample [batch], in float32 or float64.
    """
    logits = ops.cast(y_pred, float32_or_float64(y_pred.dtype))
    num_classes = logits.shape[-1]
    labels = soft_labels(y_true, num_classes, logits.dtype)
    if label_smoothing:
        labels = (1.0 - label_smoothing) * labels + label_smoothing / num_classes
    return -ops.sum(labels * ops.log_softmax(logits, axis=-1), axis=-1)


def checked_label_smoothing(label_smoothing: float) -> float:
    """Return `label_smoothing` as a float, or raise a ValueError unless it is between 0 and 1."""
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(
            f"`label_smoothing` must be between 0 and 1. Received: label_smoothing={label_smoothing}"
        )
    return float(label_smoothing)


@register("cross_entropy")
@keras.saving.register_keras_serializable(package="ltzoo")
class CrossEntropy(FunctionLoss):
    """Softmax cross-entropy on logits; see `cross_entropy`.

    Args:
        label_smoothing: share of every label to spread evenly over all classes, 0 to 1.
        reduction, name, dtype: see `keras.losses.Loss`.

    Raises:
        ValueError: if `label_smoothing` is outside [0, 1].
    """

    function = staticmethod(cross_entropy)

    @checked
    def __init__(
        self,
        label_smoothing: Fraction = 0.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cross_entropy",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.label_smoothing = checked_label_smoothing(label_smoothing)
