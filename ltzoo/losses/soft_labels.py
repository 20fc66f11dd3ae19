"""Integer and soft labels in one form."""

from typing import Any

from keras import ops


def soft_labels(y_true: Any, num_classes: int, dtype: str = "float32") -> Any:
    """Labels as a float [batch, classes] matrix of class shares.

    Args:
        y_true: Integer labels [batch] or [batch, 1] (of any number type), or soft labels [batch, classes].
        num_classes: Number of classes C.
        dtype: Type of the result.

    Raises:
        ValueError: If the shape is none of these.
    """
    y_true = ops.convert_to_tensor(y_true)
    shape = tuple(y_true.shape)
    if len(shape) == 2 and shape[1] == num_classes:
        return ops.cast(y_true, dtype)
    if len(shape) == 2 and shape[1] == 1:
        y_true = ops.squeeze(y_true, axis=1)
    elif len(shape) != 1:
        raise ValueError(
            f"y_true must be integers [batch] or soft labels [batch, {num_classes}]. "
            f"Received: y_true of shape {shape}"
        )
    return ops.one_hot(ops.cast(y_true, "int32"), num_classes, dtype=dtype)
