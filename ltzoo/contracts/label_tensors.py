"""Labels inside a training step: what `check_labels` refuses on the host becomes NaN in a compiled program."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from ltzoo.contracts.host_arrays import host_array
from ltzoo.contracts.labels import check_labels, row_tolerance


def soft_labels(y_true: Any, num_classes: int, dtype: str = "float32") -> Any:
    """Return labels as a matrix of class shares.

    Args:
        y_true: integer labels `[batch]` or `[batch, 1]` of any number type, or rows `[batch, C]` of class shares.
        num_classes: number of classes C.
        dtype: dtype of the result.

    Returns:
        class shares `[batch, C]`; integer labels become one-hot rows. In a compiled program, where nothing can be
        refused, the rows do not show what is no label; a loss adds `nan_without_label`.

    Raises:
        ValueError: `y_true` has another shape, or its values are known and break the rules of `ltzoo.contracts.labels`.
    """
    y_true = _checked(y_true, num_classes)
    if len(y_true.shape) == 2:
        return ops.cast(y_true, dtype)
    return one_hot_rows(y_true, num_classes, dtype)


def one_hot_rows(labels: Any, num_classes: int, dtype: str = "float32") -> Any:
    """Return one-hot rows `[batch, C]` of integers `[batch]`; zeros for a number that is no class.

    Some backends raise an error for such a number, or fail inside an accelerator.
    """
    indices = ops.expand_dims(ops.cast(labels, "int32"), 1)
    return ops.cast(ops.equal(indices, ops.arange(num_classes, dtype="int32")), dtype)


def nan_without_label(y_true: Any, num_classes: int, dtype: str = "float32") -> Any:
    """Return 0 `[batch]` for each label, and NaN for a label outside 0 .. C - 1 or a row that does not sum to 1.

    A loss adds it. Neither its value nor its gradient changes for right labels, not even in the last bit.

    Args:
        y_true: labels as in `soft_labels`.
        num_classes: number of classes C.
        dtype: dtype of the result.
    """
    _, known = label_indices(y_true, num_classes)
    return ops.stop_gradient(ops.where(known, ops.zeros_like(known, dtype=dtype), float("nan")))


def refuses_wrong_labels(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a loss `(y_true, y_pred, ...) -> [batch]` NaN for images without a label."""

    @functools.wraps(function)
    def checked(y_true, y_pred, *args, **kwargs):
        losses = function(y_true, y_pred, *args, **kwargs)
        return losses + nan_without_label(y_true, y_pred.shape[1], losses.dtype)

    return checked


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
    return _index(y_true, num_classes)


def check_label_type(y_true: Any) -> None:
    """Raise a ValueError if a tensor has a type that no labels have, bool or complex; its values may be unknown."""
    kind = keras.backend.standardize_dtype(y_true.dtype) if hasattr(y_true, "dtype") else ""
    if kind == "bool" or kind.startswith("complex"):
        raise ValueError(
            "`y_true` must be integers, one class index per image, or rows of class shares; cast labels of yes and no "
            f"to integers. Received: y_true of type {kind} and shape {tuple(y_true.shape)}"
        )


def _checked(y_true, num_classes):
    """Return labels as a tensor, `[batch]` or `[batch, C]`; refuse those whose values are known and wrong."""
    values = host_array(y_true)
    if values is not None:
        check_labels(values, num_classes, "y_true", soft=True, whole_floats=True)
    else:
        check_label_type(y_true)
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


def _index(labels, num_classes):
    # In float32 all class numbers are exact, and no label wraps around into the range.
    number = ops.cast(labels, "float32")
    indices = ops.cast(number, "int32")
    known = ops.logical_and(
        ops.equal(ops.cast(indices, "float32"), number),
        ops.logical_and(number >= 0, number < num_classes),
    )
    return ops.where(known, indices, 0), known


def _are_shares(rows, dtype):
    error = ops.abs(ops.sum(rows, axis=-1, keepdims=True) - 1.0)
    return ops.logical_and(
        error <= row_tolerance(str(dtype).removeprefix("torch.")), ops.min(rows, axis=-1, keepdims=True) >= 0
    )
