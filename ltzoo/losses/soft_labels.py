"""Integer or soft labels as one matrix of class shares."""

from typing import Any

from keras import ops


def soft_labels(y_true: Any, num_classes: int, dtype: str = "float32") -> Any:
    """Return labels as a matrix of class shares.

    Args:
        y_true: integer labels [batch] or [batch, 1] of any number type, or soft labels [batch, C].
        num_classes: number of classes C.
        dtype: dtype of the result.

    Returns:
        class shares [batch, C]; integer labels become one-hot rows.

    Raises:
        ValueError: if `y_true` has any other shape.
    """
    y_true = ops.convert_to_tensor(y_true)
    shape = tuple(y_true.shape)
    if len(shape) == 2 and shape[1] == num_classes:
        return ops.cast(y_true, dtype)
    if len(shape) == 2 and shape[1] == 1:
        y_true = ops.squeeze(y_true, axis=1)
    elif len(shape) != 1:
        raise ValueError(
            f"`y_true` must be integers [batch] or soft labels [batch, {num_classes}]. "
            f"Received: y_true of shape {shape}"
        )
    return ops.one_hot(ops.cast(y_true, "int32"), num_classes, dtype=dtype)
