"""Conversion of labels, predictions and sample weights to the form that all metrics use."""

from typing import Any

from keras import ops

from ltzoo.precision import float32_or_float64


def labels_and_predictions(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Return integer labels [batch] and predictions [batch, C] in float32 or float64.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels [batch, C], whose largest entry counts.
        y_pred: logits or probabilities [batch, C]. Of [batch, C, 2], which an angular cloud returns in training, the
            first of the two is used.

    Raises:
        ValueError: if the shapes are different.
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.convert_to_tensor(y_true)
    if len(y_pred.shape) == 3:
        y_pred = y_pred[..., 0]
    if len(y_pred.shape) != 2:
        raise ValueError(
            f"`y_pred` must be [batch, classes]. Received: y_pred of shape {tuple(y_pred.shape)}"
        )
    num_classes = y_pred.shape[1]
    if len(y_true.shape) == 2 and y_true.shape[1] == num_classes and num_classes > 1:
        y_true = ops.argmax(y_true, axis=1)
    elif len(y_true.shape) == 2 and y_true.shape[1] == 1:
        y_true = ops.squeeze(y_true, axis=1)
    elif len(y_true.shape) != 1:
        raise ValueError(
            f"`y_true` must be integers [batch] or soft labels [batch, {num_classes}]. "
            f"Received: y_true of shape {tuple(y_true.shape)}"
        )
    return ops.cast(y_true, "int32"), ops.cast(y_pred, float32_or_float64(y_pred.dtype))


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
