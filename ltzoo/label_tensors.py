"""Labels inside a training step: what `ltzoo.labels` refuses on the host becomes NaN in a compiled program."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from ltzoo.host_arrays import host_array
from ltzoo.labels import check_labels, row_tolerance


def soft_labels(y_true: Any, num_classes: int, dtype: str = "float32") -> Any:
    """Return labels as a matrix of class shares.

    Args:
        y_true: integer labels `[batch]` or `[batch, 1]` of any number type, or rows `[batch, C]` of class shares.
        num_classes: number of classes C.
        dtype: dtype of the result.

    Returns:
        class shares `[batch, C]`; integer labels become one-hot rows. In a compiled program, where nothing can be
        refused, a label outside 0 .. C - 1 and a row that does not sum to 1 become rows of NaN.

    Raises:
        ValueError: `y_true` has another shape, or its values are known and break the rules of `ltzoo.labels`.
    """
    y_true = _checked(y_true, num_classes)
    if len(y_true.shape) == 2:
        rows = ops.cast(y_true, dtype)
        return ops.where(_are_shares(rows, y_true.dtype), rows, float("nan"))
    classes = np.arange(num_classes)[None]
    rows = ops.cast(ops.equal(ops.expand_dims(_number(y_true), 1), classes.astype("float32")), dtype)
    return ops.where(ops.sum(rows, axis=-1, keepdims=True) > 0, rows, float("nan"))


def label_indices(y_true: Any, num_classes: int) -> tuple[Any, Any]:
    """Return class indices and which of them are labels.

    Args:
        y_true: labels as in `soft_labels`; of a row of class shares, the largest counts.
        num_classes: number of classes C.

    Returns:
        `(indices, known)`: int32 `[batch]` in 0 .. C - 1, and bool `[batch]`, False where `y_true` is no label.

    Raises:
        ValueError: as `soft_labels`.
    """
    y_true = _checked(y_true, num_classes)
    if len(y_true.shape) == 2:
        known = ops.squeeze(_are_shares(ops.cast(y_true, "float32"), y_true.dtype), axis=1)
        return ops.cast(ops.argmax(y_true, axis=1), "int32"), known
    number = _number(y_true)
    indices = ops.cast(number, "int32")
    known = ops.logical_and(
        ops.equal(ops.cast(indices, "float32"), number),
        ops.logical_and(number >= 0, number < num_classes),
    )
    return ops.where(known, indices, 0), known


def _checked(y_true, num_classes):
    """Return labels as a tensor, `[batch]` or `[batch, C]`; refuse those whose values are known and wrong."""
    values = host_array(y_true)
    if values is not None:
        check_labels(values, num_classes, "y_true", soft=True, whole_floats=True)
    y_true = ops.convert_to_tensor(y_true)
    shape = tuple(y_true.shape)
    if len(shape) == 2 and shape[1] == 1:
        return ops.squeeze(y_true, axis=1)
    if len(shape) != 1 and (len(shape) != 2 or shape[1] != num_classes):
        raise ValueError(
            f"`y_true` must be integers [batch] or soft labels [batch, {num_classes}]. "
            f"Received: y_true of shape {shape}"
        )
    return y_true


def _number(labels):
    # In float32 all class numbers are exact, and no label wraps around into the range.
    return ops.cast(labels, "float32")


def _are_shares(rows, dtype):
    error = ops.abs(ops.sum(rows, axis=-1, keepdims=True) - 1.0)
    return ops.logical_and(
        error <= row_tolerance(str(dtype).removeprefix("torch.")), ops.min(rows, axis=-1, keepdims=True) >= 0
    )
