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
    """Return a copy of a classifier with its floating-point weights rounded to the nearest float16 numbers.

    Dtypes are unchanged; evaluate the copy to see what rounding costs.

    Raises:
        ValueError: a weight exceeds 65504, the largest float16 number.
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
    """Rewrite an HDF5 file with its float32 data in float16.

    Raises:
        ValueError: a number exceeds 65504, the largest float16 number; the file is unchanged.
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
            "`half` needs weights within the 65504 of float16; save with half=False. "
            f"Received: {np.abs(value).max():g} in {name}"
        )
    return half
