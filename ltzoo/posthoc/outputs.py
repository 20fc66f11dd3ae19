"""Outputs of a classifier as float64: which kind they are, and logits of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ltzoo.checks import one_of

KINDS = ("logits", "probabilities")
# The smallest probability that counts; the logarithm of an exact 0 would be infinite.
SMALLEST = 1e-12
# Rows of rounded probabilities, as CSV files hold them, sum to 1 within this.
_ROW_SUM = 1e-2


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return the log of the softmax of logits `[N, C]`."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the softmax of logits `[N, C]`."""
    return np.exp(log_softmax(logits))


def checked_outputs(outputs: Any, argument: str = "logits", num_classes: int | None = None) -> np.ndarray:
    """Return outputs as finite float64 `[N, C]`.

    Raises:
        ValueError: they have another shape or number of classes, no row, fewer than two classes, or NaN or infinity.
    """
    try:
        array = np.asarray(outputs, "float64")
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"`{argument}` must be an array of numbers [images, classes]. Received: a {type(outputs).__name__}"
        ) from error
    if array.ndim != 2 or len(array) == 0 or array.shape[1] < 2:
        raise ValueError(
            f"`{argument}` must have the shape [images, classes], with one image and two classes or more. "
            f"Received: {argument} of shape {array.shape}"
        )
    if num_classes is not None and array.shape[1] != num_classes:
        raise ValueError(
            f"`{argument}` must have a column for each of the {num_classes} classes. "
            f"Received: {argument} of shape {array.shape}"
        )
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        raise ValueError(
            f"`{argument}` must be finite. Received: NaN or infinity in {int((~finite).sum())} of {len(array)} "
            f"rows, first in row {int(np.argmin(finite))}"
        )
    return array


def kind_of(outputs: np.ndarray, argument: str = "logits") -> str:
    """Tell logits from probabilities by their values.

    Rows of numbers from 0 to 1 that sum to 1 are probabilities. Rows with negative numbers are logits. Nothing else is
    taken for either: numbers that are all positive may be one sigmoid per class, percentages or counts.

    Args:
        outputs: float64 `[N, C]`.
        argument: its name in the error.

    Returns:
        "logits" or "probabilities".

    Raises:
        ValueError: the values fit neither.
    """
    if outputs.min() < 0:
        return "logits"
    sums = outputs.sum(axis=1)
    if np.abs(sums - 1.0).max() <= _ROW_SUM:
        return "probabilities"
    raise ValueError(
        f"`{argument}` must be logits (some below 0) or probabilities (rows that sum to 1); one sigmoid per class, "
        'percentages and counts are neither. If these are logits, say so with `outputs="logits"`. '
        f"Received: numbers from {outputs.min():.4g} to {outputs.max():.4g}, rows with sums from {sums.min():.4g} "
        f"to {sums.max():.4g}"
    )


def as_logits(
    outputs: Any, kind: str | None = None, argument: str = "logits", num_classes: int | None = None
) -> tuple[np.ndarray, str]:
    """Return logits float64 `[N, C]` of outputs, and the kind of the outputs.

    The logits of probabilities are their logarithms; probabilities below 1e-12 count as 1e-12.

    Args:
        outputs: logits or probabilities `[N, C]`.
        kind: "logits", "probabilities", or None to tell by the values; see `kind_of`.
        argument: name of the outputs in errors.
        num_classes: C, or None for any number.

    Raises:
        ValueError: the outputs are neither, or not what `kind` says.
    """
    array = checked_outputs(outputs, argument, num_classes)
    if kind is None:
        kind = kind_of(array, argument)
    one_of("outputs", kind, KINDS)
    if kind == "logits":
        return array, kind
    if array.min() < 0 or np.abs(array.sum(axis=1) - 1.0).max() > _ROW_SUM:
        raise ValueError(
            f"`{argument}` must be probabilities, rows of numbers from 0 to 1 that sum to 1. "
            f"Received: numbers from {array.min():.4g} to {array.max():.4g}"
        )
    return np.log(np.maximum(array, SMALLEST)), kind
