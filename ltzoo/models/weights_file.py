"""Weights files of the zoo: those of Keras, with an index that makes loading fast."""

from __future__ import annotations

import collections
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np

from ltzoo.files import atomic_write
from ltzoo.keras_internals import layers_of, parts_of
from ltzoo.models.half_precision import halve
from ltzoo.models.initialization import without_initial_values

if TYPE_CHECKING:
    import keras

    from ltzoo.models.classifier import LongTailedClassifier

INDEX = "ltzoo_index"


def save_weights(model: LongTailedClassifier, path: str | os.PathLike, half: bool = False) -> None:
    """Write the weights of a classifier, without its optimizer's, whole or not at all.

    The file is a `.weights.h5` file as Keras writes it, with one more HDF5 dataset, "ltzoo_index". It maps the names
    of layer and variable to the place of each weight, so `load_weights` need not search the model as Keras does.

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
                with h5py.File(written, "a") as file:
                    file[INDEX] = json.dumps(index)
            written.replace(temporary)
        finally:
            written.unlink(missing_ok=True)


def load_weights(model: LongTailedClassifier, path: str | os.PathLike) -> None:
    """Set all weights of a classifier from a `.weights.h5` file; Keras reads a file without an index.

    Raises:
        ValueError: the weights in the file differ from those of the model in name or shape.
        OSError: the file is damaged.
    """
    if not _load_by_index(model, path):
        model.load_weights(path)


def _load_by_index(model, path):
    with h5py.File(path, "r") as file:
        contents: Any = file  # Its type leaves open whether a name is a group or a dataset.
        if INDEX not in contents:
            return False
        index = json.loads(contents[INDEX][()])
        weights = _keys(model)
        if sorted(index) != sorted(weights):
            return False
        values = {key: contents[place][()] for key, place in index.items()}
    for key, weight in weights.items():
        if tuple(values[key].shape) != tuple(weight.shape):
            raise ValueError(
                f"`path` must hold {key} of shape {tuple(weight.shape)}. Received: shape {values[key].shape}"
            )
        weight.assign(values[key])
    return True


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


def _copy_without_optimizer(model):
    # Keras writes the optimizer's variables into a weights file; an uncompiled copy has none.
    with without_initial_values():
        return type(model).from_config(model.get_config())
