"""Conversion of labels, predictions and sample weights to the form that all metrics use."""

from typing import Any

from keras import ops

from ltzoo.contracts.label_tensors import label_indices
from ltzoo.precision import float32_or_float64


def labels_and_predictions(y_true: Any, y_pred: Any) -> tuple[Any, Any, Any]:
    """Return class indices, predictions in float32 or float64, and which samples have a label.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels [batch, C], whose largest entry counts.
        y_pred: logits or probabilities [batch, C]. Of [batch, C, 2], which an angular cloud returns in training, the
            first of the two is used.

    Returns:
        `(labels, predictions, known)`: int32 [batch] in 0 .. C - 1, [batch, C], and bool [batch]. `known` is False
        where a compiled program got what is no label; a metric with such a sample is NaN.

    Raises:
        ValueError: the shapes are different, or the labels are known and break the rules of `ltzoo.contracts.labels`.
    """
    y_pred = ops.convert_to_tensor(y_pred)
    if len(y_pred.shape) == 3:
        y_pred = y_pred[..., 0]
    if len(y_pred.shape) != 2:
        raise ValueError(
            f"`y_pred` must be [batch, classes]. Received: y_pred of shape {tuple(y_pred.shape)}"
        )
    labels, known = label_indices(y_true, y_pred.shape[1])
    return labels, ops.cast(y_pred, float32_or_float64(y_pred.dtype)), known


def are_correct(labels: Any, predictions: Any, known: Any, dtype: str) -> Any:
    """Return 1 for a sample whose largest prediction is the label, else 0; NaN without a label."""
    correct = ops.equal(ops.cast(ops.argmax(predictions, axis=1), "int32"), labels)
    return ops.where(known, ops.cast(correct, dtype), float("nan"))


def sample_weights(sample_weight: Any, labels: Any, dtype: str) -> Any:
    """Return sample weights [batch]; ones if `sample_weight` is None.

    Raises:
        ValueError: if there is not one weight per sample.
    """
    if sample_weight is None:
        return ops.ones_like(labels, dtype=dtype)
    sample_weight = ops.cast(sample_weight, dtype)
    if len(sample_weight.shape) == 2 and sample_weight.shape[1] == 1:
        sample_weight = ops.squeeze(sample_weight, axis=1)
    if len(sample_weight.shape) != 1:
        raise ValueError(
            "`sample_weight` must hold one weight per sample, [batch]. "
            f"Received: sample_weight of shape {tuple(sample_weight.shape)}"
        )
    return sample_weight
