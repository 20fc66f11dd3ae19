"""Weights files of half the size: float16 on disk, float32 in the network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import h5py
import keras
import numpy as np

from ltzoo.files import atomic_write

if TYPE_CHECKING:
    from ltzoo.models.classifier import LongTailedClassifier


def rounded_to_half(model: LongTailedClassifier) -> LongTailedClassifier:
    """A copy of a classifier, with its floating-point weights rounded to the nearest float16 numbers.

    They have the types of before and compute as before; measure the copy to see what the rounding costs.

    Raises:
        ValueError: a weight is beyond the 65504 of float16.
    """
    values = []
    for weight in model.weights:
        value = keras.ops.convert_to_numpy(weight.value)
        if np.issubdtype(value.dtype, np.floating):
            value = _half(value, weight.path).astype(value.dtype)
        values.append(value)
    copy = type(model).from_config(model.get_config())
    copy.set_weights(values)
    return copy


def halve(path: str | os.PathLike) -> None:
    """Writes an HDF5 file anew with its float32 data in float16.

    Raises:
        ValueError: a number is beyond the 65504 of float16; the file is as it was.
    """

    def put(place, item):
        if isinstance(item, h5py.Group):
            new = target.require_group(place)
        else:
            data = item[()]
            new = target.create_dataset(place, data=_half(data, place) if item.dtype == np.float32 else data)
        new.attrs.update(item.attrs)

    with atomic_write(path) as smaller, h5py.File(path, "r") as source, h5py.File(smaller, "w") as target:
        put("/", source)
        source.visititems(put)


def _half(value, name):
    with np.errstate(over="ignore"):
        half = value.astype(np.float16)
    if np.isinf(half).any():
        raise ValueError(
            "The weights of a file in float16 must be within 65504; write float32. Received: "
            f"{np.abs(value).max():g} in {name}"
        )
    return half
