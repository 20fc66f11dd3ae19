"""Weights files of the zoo: those of Keras, with an index that makes loading fast."""

from __future__ import annotations

import collections
import json
import math
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from ltzoo.files import atomic_write
from ltzoo.keras_internals import layers_of, parts_of
from ltzoo.models.half_precision import halve
from ltzoo.models.initialization import without_initial_values
from ltzoo.models.weights_errors import WeightsError
from ltzoo.readers.hdf5 import Hdf5Error, finite, read_hdf5, rewrite

if TYPE_CHECKING:
    import keras

    from ltzoo.models.classifier import LongTailedClassifier

INDEX = "ltzoo_index"
CHECKSUM = "ltzoo_crc32"
# What a file may hold, in times of the network's own weights and bytes besides.
_LARGEST, _SMALL = 8, 1 << 20


def save_weights(model: LongTailedClassifier, path: str | os.PathLike, half: bool = False) -> None:
    """Write the weights of a classifier, without its optimizer's, whole or not at all.

    The file is a `.weights.h5` file as Keras writes it, with two more HDF5 datasets. "ltzoo_index" maps the
    names of layer and variable to the place of each weight, so `load_weights` need not search the model as Keras does.
    "ltzoo_crc32" is a checksum of all others, by which it knows a damaged file.

    Args:
        model: a classifier.
        path: the `.weights.h5` file.
        half: store float16, at half the size; see `ltzoo.models.half_precision.rounded_to_half`.

    Raises:
        ValueError: `half` is True and a weight exceeds the range of float16.
    """
    numbered = _copy_without_optimizer(model)
    with atomic_write(path) as temporary:
        written = temporary.with_name(f".{Path(path).name.removesuffix('.weights.h5')}.part.weights.h5")
        try:
            # A first file, in which weight i has the value i everywhere, shows the place of each weight.
            numbered.set_weights([np.full(weight.shape, i) for i, weight in enumerate(numbered.weights)])
            numbered.save_weights(written)
            index = _places(numbered, written)
            numbered.set_weights(model.get_weights())
            numbered.save_weights(written)
            if half:
                halve(written)
            if index is not None:
                _append(written, INDEX, json.dumps(index))
            _append(written, CHECKSUM, np.uint32(read_hdf5(written, sys.maxsize).checksum(CHECKSUM)))
            written.replace(temporary)
        finally:
            written.unlink(missing_ok=True)


def load_weights(model: LongTailedClassifier, path: str | os.PathLike) -> None:
    """Set all weights of a classifier from a `.weights.h5` file; Keras searches a file without an index.

    The structure of the file is checked before any value is read, and the values before any weight is set. See
    `ltzoo.readers.hdf5`: the HDF5 library and Keras are only given numbers that passed.

    Raises:
        WeightsError: the file is damaged or not one of plain numbers, or numbers are not finite.
        ValueError: the weights in the file differ from those of the model in name, shape or type.
        OSError: the file cannot be read.
    """
    weights = _keys(model)
    # Files of other writers may hold an optimizer's variables or wider numbers.
    limit = _LARGEST * sum(_bytes(weight) for weight in weights.values()) + _SMALL
    try:
        contents = read_hdf5(path, limit)
        index = _index(contents)
        if sorted(index) == sorted(weights):
            values = _values(weights, {key: _dataset(contents, index[key]) for key in index})
            _check_sum(contents)
            for key, weight in weights.items():
                weight.assign(values[key])
            return
        with tempfile.TemporaryDirectory() as folder:
            clean = Path(folder, "clean.weights.h5")
            rewrite(contents, clean)
            _check_sum(contents)
            model.load_weights(clean)
    except Hdf5Error as error:
        raise WeightsError(
            f"{path} is refused as weights: {error}. Fetch it again, or save it again with Keras or ltzoo. "
            f"Received: weights={str(path)!r}"
        ) from error


def _index(contents):
    """Return the index of a file; empty if it has none."""
    if INDEX not in contents.datasets:
        return {}
    try:
        index = json.loads(contents.datasets[INDEX].text())
    except (ValueError, RecursionError) as error:
        raise Hdf5Error(f"its index is not JSON ({type(error).__name__})") from error
    if not isinstance(index, dict) or not all(isinstance(place, str) for place in index.values()):
        raise Hdf5Error("its index must map names to names of datasets")
    if len(set(index.values())) != len(index):
        raise Hdf5Error("its index names a dataset twice")
    return index


def _dataset(contents, place):
    if place not in contents.datasets or place in (INDEX, CHECKSUM):
        raise Hdf5Error(f"its index names {place[:200]!r}, which is no dataset of weights in the file")
    return contents.datasets[place]


def _check_sum(contents):
    """Compare the file with the checksum in it; files of Keras have none."""
    unknown = [name for name in contents.datasets if "/" not in name and name not in (INDEX, CHECKSUM)]
    if unknown:
        raise Hdf5Error(f"it has the dataset {unknown[0][:100]!r} next to its groups")
    if CHECKSUM in contents.datasets:
        stored = contents.datasets[CHECKSUM]
        if stored.shape != () or stored.dtype is None or stored.read() != contents.checksum(CHECKSUM):
            raise Hdf5Error("it is damaged: its values differ from its checksum")


def _values(weights, datasets):
    for key, weight in weights.items():
        found, wanted = datasets[key].shape, tuple(weight.shape)
        if found != wanted:
            raise ValueError(f"`path` must hold {key} of shape {wanted}. Received: shape {found}")
        kind = datasets[key].dtype
        if kind is None or ("float" in weight.dtype) != (kind.kind == "f"):
            raise ValueError(f"`path` must hold {key} as {weight.dtype}. Received: {kind or 'a text'}")
    return {key: finite(dataset.read(), key) for key, dataset in datasets.items()}


def _bytes(weight):
    return math.prod(weight.shape) * 4


def _keys(model) -> dict[str, keras.Variable]:
    """Return every weight by layer and variable name, numbered in model order where layers share names."""
    owners = {}
    for layer in layers_of(model):
        inner = {id(w) for part in parts_of(layer) for w in part.weights}
        owners |= {id(weight): layer.name for weight in layer.weights if id(weight) not in inner}
    names = [f"{owners[id(weight)]}/{weight.name}" for weight in model.weights]
    seen = collections.Counter()
    keys = {}
    for name, weight in zip(names, model.weights, strict=True):
        keys[f"{name}#{seen[name]}" if seen[name] else name] = weight
        seen[name] += 1
    return keys


def _places(numbered, path):
    """Return the place of each key in the file; None if the numbers are ambiguous, and Keras has to search."""
    keys = list(_keys(numbered))
    found = {}

    def look(place, item):
        if isinstance(item, h5py.Dataset) and item.size:
            number = int(np.asarray(item[()]).flat[0])
            if number < len(keys):
                found.setdefault(keys[number], []).append(place)

    with h5py.File(path, "r") as file:
        file.visititems(look)
    if len(found) != len(keys) or any(len(places) != 1 for places in found.values()):
        return None
    return {key: places[0] for key, places in found.items()}


def _append(path, name, value):
    with h5py.File(path, "a") as file:
        file[name] = value


def _copy_without_optimizer(model):
    # Keras writes the optimizer's variables into a weights file; an uncompiled copy has none.
    with without_initial_values():
        return type(model).from_config(model.get_config())
