"""Labels of boxes: one-hot rows, and rows of zeros for boxes without an object."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from ltzoo.contracts.host_arrays import host_array
from ltzoo.contracts.label_tensors import check_label_type


def check_box_labels(y_true: Any, shape: tuple) -> None:
    """Check labels of boxes where their values are known.

    Args:
        y_true: rows [batch, boxes, C]: one 1 in the place of the class, or zeros without an object.
        shape: shape of the predictions; None where a size is unknown.

    Raises:
        ValueError: the labels have another shape, or a row is neither one-hot nor zeros.
    """
    labels = host_array(y_true)
    if labels is None:
        check_label_type(y_true)
    _check_shape(tuple(getattr(y_true, "shape", ())) if labels is None else labels.shape, tuple(shape))
    if labels is None:
        return
    if labels.dtype.kind not in "iuf":
        raise ValueError(
            f"`y_true` must be rows of 0 and 1 as numbers. Received: y_true of type {labels.dtype} and shape "
            f"{labels.shape}"
        )
    right = ((labels == 0) | (labels == 1)).all(axis=-1) & (labels.sum(axis=-1, dtype=np.float64) <= 1)
    if not right.all():
        image, box = np.argwhere(~right)[0]
        row = labels[image, box]
        wrong = row[(row != 0) & (row != 1)]
        problem = f"which holds {wrong[0]:.6g}" if wrong.size else f"which has {int(row.sum())} classes"
        raise ValueError(
            "`y_true` must hold one-hot rows, or rows of zeros for boxes without an object. "
            f"Received: box {box} of image {image}, {problem}"
        )


def refuses_wrong_boxes(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a loss `(y_true, y_pred, ...) -> [batch, boxes]` check its labels; wrong rows give NaN when compiled."""

    @functools.wraps(function)
    def checked(y_true, y_pred, *args, **kwargs):
        check_box_labels(y_true, y_pred.shape)
        losses = function(y_true, y_pred, *args, **kwargs)
        rows = ops.convert_to_tensor(y_true)
        known = ops.logical_and(
            ops.all(ops.logical_or(ops.equal(rows, 0), ops.equal(rows, 1)), axis=-1),
            ops.sum(ops.cast(rows, "float32"), axis=-1) <= 1.0,
        )
        nan = ops.where(known, ops.zeros_like(known, dtype=losses.dtype), float("nan"))
        return losses + ops.stop_gradient(nan)

    return checked


def _check_shape(labels, predictions):
    fits = len(labels) == len(predictions) == 3 and all(
        None in (one, other) or one == other for one, other in zip(labels, predictions, strict=True)
    )
    if not fits:
        raise ValueError(
            "`y_true` and `y_pred` must both be [batch, boxes, C]. "
            f"Received: y_true of shape {labels}, y_pred of shape {predictions}"
        )
