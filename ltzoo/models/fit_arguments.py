"""Check the numbers and weights that Keras's own methods get next to images and labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ltzoo.checks import RANGES, is_integer, received, refuse
from ltzoo.contracts.host_arrays import host_array
from ltzoo.contracts.image_arrays import is_array

_NUMBERS = {
    "epochs": "NonNegativeInt",
    "initial_epoch": "NonNegativeInt",
    "batch_size": "PositiveInt",
    "steps": "PositiveInt",
    "steps_per_epoch": "PositiveInt",
    "validation_batch_size": "PositiveInt",
    "validation_split": "BelowOne",
    "validation_steps": "PositiveInt",
}


def use_numbers(given: dict[str, Any]) -> None:
    """Replace the numbers among the arguments of `fit`, `evaluate` or `predict` by plain ones.

    Raises:
        ValueError: one is out of range.
    """
    for name, range_name in _NUMBERS.items():
        if given.get(name) is not None:
            given[name] = RANGES[range_name].check(name, given[name])


def check_class_weight(class_weight: Any, num_classes: int) -> None:
    """Raise a ValueError unless the class weights are a dict of weights by class index. Others weigh 1."""
    if class_weight is None:
        return
    right = f"a dict of weights by class index in 0..{num_classes - 1}"
    if not isinstance(class_weight, Mapping):
        refuse("class_weight", right, class_weight)
    for label, weight in class_weight.items():
        if not is_integer(label) or not 0 <= label < num_classes:
            raise ValueError(
                f"`class_weight` must be {right}. "
                f"Received: class_weight for {label!r}, {len(class_weight)} weights for {num_classes} classes"
            )
        if weight not in RANGES["NonNegative"]:
            raise ValueError(
                f"`class_weight` must hold finite numbers of at least 0. {received(f'class_weight[{label}]', weight)}"
            )


def checked_sample_weight(sample_weight: Any, images: Any, argument: str = "sample_weight") -> Any:
    """Return the weights of arrays of images as an array or tensor.

    Args:
        sample_weight: one finite number of at least 0 per image, not all 0; None for equal weights.
        images: the images.
        argument: name of the argument for error messages.

    Raises:
        ValueError: the weights are not that.
    """
    if sample_weight is None:
        return None
    given = sample_weight if is_array(sample_weight) else _as_array(sample_weight, argument)
    shape = tuple(given.shape)
    if shape not in ((len(images),), (len(images), 1)):
        raise ValueError(
            f"`{argument}` must hold one weight per image. "
            f"Received: {argument} of shape {shape}, {len(images)} images"
        )
    values = host_array(given)
    if values is not None:
        _check_weights(values.reshape(-1), argument)
    return given


def _as_array(weights, argument):
    try:
        return np.asarray(weights)
    except ValueError as error:  # Rows of different lengths.
        raise ValueError(
            f"`{argument}` must be an array of one weight per image. {received(argument, weights)}"
        ) from error


def _check_weights(values, argument):
    values = values.astype("float32") if values.dtype.name == "bfloat16" else values
    if values.dtype.kind not in "biuf":
        raise ValueError(
            f"`{argument}` must hold numbers. Received: {argument} of type {values.dtype} and shape {values.shape}"
        )
    wrong = ~(np.isfinite(values) & (values >= 0))
    if wrong.any():
        position = int(np.argmax(wrong))
        raise ValueError(
            f"`{argument}` must hold finite numbers of at least 0. "
            f"Received: weight {values[position]:.6g} at position {position}"
        )
    if not values.any():
        raise ValueError(f"`{argument}` must have a weight above 0. Received: {len(values)} weights of 0")
