"""Weights files of the zoo: those of Keras, with an index beside the weights that makes loading quick."""

from __future__ import annotations

import collections
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

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
    """Writes the weights of a classifier, without its optimizer's, whole or not at all.

    The file is a `.weights.h5` file as Keras writes it. One more data set in it, "ltzoo_index", says by the names of
    layer and variable where each weight is, so that `load_weights` need not search the model as Keras does.

    Args:
        model: a classifier.
        path: the `.weights.h5` file.
        half: float16 in the file, half of the size; see `ltzoo.models.half_precision.rounded_to_half`.
    """
    numbered = _copy_without_optimizer(model)
    with atomic_write(path) as temporary:
        written = temporary.with_name(f".{Path(path).name.removesuffix('.weights.h5')}.part.weights.h5")
        try:
            # In the first file weight i has the value i everywhere: this is how its place is found.
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
    """Sets all weights of a classifier from a `.weights.h5` file; a file without an index is read by Keras.

    Raises:
        ValueError: the file holds other weights than the model.
        OSError: the file is damaged.
    """
    if not _load_by_index(model, path):
        model.load_weights(path)


def _load_by_index(model, path):
    with h5py.File(path, "r") as file:
        if INDEX not in file:
            return False
        index = json.loads(file[INDEX][()])
        weights = _keys(model)
        if sorted(index) != sorted(weights):
            return False
        values = {key: file[place][()] for key, place in index.items()}
    for key, weight in weights.items():
        if tuple(values[key].shape) != tuple(weight.shape):
            raise ValueError(
                f"the model has {key} of shape {tuple(weight.shape)}, the file of shape {values[key].shape}"
            )
        weight.assign(values[key])
    return True


def _keys(model) -> dict[str, keras.Variable]:
    """Every weight by layer and variable name, numbered in the model's order where layers share their names."""
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
    """Key -> data set in the file; None where the numbers cannot tell, so that Keras has to search."""
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
    # Keras puts the optimizer's variables into a weights file; a copy that is not compiled has none.
    with without_initial_values():
        return type(model).from_config(model.get_config())
