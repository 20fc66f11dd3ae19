"""What a label is: the one check that every entrance of the library uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

ROW_TOLERANCE = 1e-3
"""How far the sum of a row of class shares may be from 1."""


def row_tolerance(dtype: Any) -> float:
    """Return `ROW_TOLERANCE`, or 1e-2 for floats of 16 bits, whose rounding alone exceeds it."""
    return 1e-2 if str(dtype) in ("float16", "bfloat16") else ROW_TOLERANCE


def check_labels(
    labels: Any,
    num_classes: int | None = None,
    argument: str = "labels",
    *,
    class_names: Sequence[str] | None = None,
    soft: bool = False,
    whole_floats: bool = False,
) -> np.ndarray:
    """Return labels as class indices, or as rows of class shares where those are allowed.

    Labels are integers 0 .. C - 1 of shape `[N]` or `[N, 1]`; class names, where `class_names` are known; or, with
    `soft`, one-hot or soft rows `[N, C]` of finite numbers of at least 0 that sum to 1 within 1e-3.

    Args:
        labels: the labels.
        num_classes: C; None for any number.
        argument: name of the argument for error messages.
        class_names: names of the classes in label order, for labels that are names.
        soft: allow rows of class shares.
        whole_floats: allow class indices that are floats. Keras casts labels before it calls a loss.

    Returns:
        int64 `[N]`; for rows the array `[N, C]` in its own dtype.

    Raises:
        ValueError: a label is none of these. The message names the label, its position and the allowed range.
    """
    array = _as_array(labels, argument)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.dtype.kind in "UO" and array.ndim == 1 and array.size:
        array = _numbers_of_names(array, class_names, argument)
    _check_type(array, argument)
    if array.ndim == 2 and (num_classes is None or array.shape[1] == num_classes) and soft:
        return _checked_rows(array, argument)
    if array.ndim != 1:
        raise ValueError(_wrong_shape(array, num_classes, argument, soft))
    if array.dtype.kind == "f" and array.size:
        _check_floats(array, argument, whole_floats)
    _check_range(array, num_classes, argument)
    return array.astype(np.int64)


def count_classes(labels: np.ndarray, argument: str = "labels") -> int:
    """Return the number of classes of checked class indices `[N]`: the largest plus one.

    Raises:
        ValueError: there are fewer labels than classes, so that some class has none.
    """
    classes = int(labels.max(initial=-1)) + 1
    if classes > len(labels):
        position = int(np.argmax(labels))
        raise ValueError(
            f"`{argument}` must number the classes without gaps: {len(labels)} labels are of at most "
            f"{len(labels)} classes. Received: label {classes - 1} at position {position}"
        )
    return classes


def check_same_length(images: Any, labels: Any, images_name: str, labels_name: str) -> None:
    """Raise a ValueError unless there are as many labels as images."""
    if len(images) != len(labels):
        raise ValueError(
            f"`{images_name}` and `{labels_name}` must have the same length. "
            f"Received: {len(images)} images, {len(labels)} labels"
        )


def _as_array(labels, argument):
    if labels is None:
        raise ValueError(f"`{argument}` must hold one label per image. Received: {argument}=None")
    try:
        array = np.asarray(labels)
    except (ValueError, TypeError) as error:  # Rows of different lengths.
        raise ValueError(
            f"`{argument}` must be an array of class indices. Received: {argument} of type {type(labels).__name__} "
            "that is not an array"
        ) from error
    if array.dtype.name == "bfloat16":
        array = array.astype(np.float32)
    # An empty list has no type.
    return array.astype(np.int64) if array.size == 0 and array.dtype.kind == "f" else array


def _numbers_of_names(array, class_names, argument):
    if not all(isinstance(label, str) for label in array.tolist()):
        return array
    if class_names is None:
        raise ValueError(
            f"`{argument}` must be class indices, because no class names are known here; number the names with "
            "np.unique(labels, return_inverse=True). "
            f"Received: label {str(array[0])!r} at position 0"
        )
    numbers = {str(name): number for number, name in enumerate(class_names)}
    for position, name in enumerate(array.tolist()):
        if name not in numbers:
            shown = ", ".join(map(repr, list(numbers)[:5])) + (", ..." if len(numbers) > 5 else "")
            raise ValueError(
                f"`{argument}` must hold names of the {len(numbers)} classes: {shown}. "
                f"Received: label {name!r} at position {position}"
            )
    return np.array([numbers[name] for name in array.tolist()], np.int64)


def _check_type(array, argument):
    kind = array.dtype.kind
    if kind in "iuf":
        return
    way_out = {
        "b": "convert them with labels.astype('int64')",
        "O": "convert them with np.asarray(labels, dtype='int64')",
    }.get(kind, "number the classes from 0")
    raise ValueError(
        f"`{argument}` must be integers, one class index per image; {way_out}. "
        f"Received: {argument} of type {array.dtype} and shape {array.shape}"
    )


def _wrong_shape(array, num_classes, argument, soft):
    columns = num_classes or "C"
    allowed = f"class indices of shape [N]{f' or rows [N, {columns}] of class shares' if soft else ''}"
    way_out = ""
    if array.ndim == 2 and not soft:
        way_out = "; turn one-hot labels into indices with argmax(axis=-1)"
    elif array.ndim == 2:
        way_out = f"; a row needs one column for each of the {columns} classes"
    return f"`{argument}` must be {allowed}{way_out}. Received: {argument} of shape {array.shape}"


def _check_floats(array, argument, whole_floats):
    whole = np.isfinite(array) & (array == np.floor(array))
    if whole_floats and whole.all():
        return
    position = int(np.argmin(whole))
    if whole.all():
        way_out = "these are whole numbers, so convert them with labels.astype('int64')"
    elif np.isnan(array[position]):
        way_out = "leave images without a label out"
    else:
        way_out = "numbers with a fraction name no class"
    raise ValueError(
        f"`{argument}` must be integers, one class index per image; {way_out}. "
        f"Received: label {array[position]:.6g} of type {array.dtype} at position {position}"
    )


def _check_range(array, num_classes, argument):
    if not array.size:
        return
    low, high = array.min(), array.max()
    last = np.iinfo(np.int64).max if num_classes is None else num_classes - 1
    if low >= 0 and high <= last:
        return
    position = int(np.argmax((array < 0) | (array > last)))
    allowed = "0 or more" if num_classes is None else f"in 0..{last}, one of the {num_classes} classes"
    way_out = ""
    if num_classes is not None and low == 1 and high == num_classes:
        way_out = "; these are numbered from 1, so subtract 1"
    elif low == -1:
        way_out = "; leave images without a label out"
    raise ValueError(
        f"`{argument}` must be {allowed}{way_out}. Received: label {int(array[position])} at position {position} "
        f"(labels from {int(low)} to {int(high)})"
    )


def _checked_rows(rows, argument):
    if not rows.size:
        return rows
    with np.errstate(invalid="ignore"):
        sums = rows.sum(axis=1, dtype=np.float64)
        right = (np.abs(sums - 1.0) <= row_tolerance(rows.dtype)) & (rows.min(axis=1) >= 0)
    if right.all():
        return rows
    position = int(np.argmin(right))
    row = rows[position]
    if not np.isfinite(row).all():
        problem = "which is not finite"
    elif row.min() < 0:
        problem = f"whose smallest entry is {row.min():.6g}"
    else:
        problem = f"which sums to {sums[position]:.6g}"
    several = np.count_nonzero(row == 1) > 1
    way_out = "; a row with several ones has several labels, which a softmax cannot learn" if several else ""
    raise ValueError(
        f"`{argument}` must hold rows of class shares, 0 or more, that sum to 1{way_out}. "
        f"Received: row {position}, {problem}"
    )
