"""Load `.keras` files whose members, sizes and weights were checked before Keras sees them."""

from __future__ import annotations

import json
import math
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import keras

from ltzoo.models.output_bound import TooLargeOutputs, check_outputs
from ltzoo.models.weight_bound import TooManyWeights, WeightBound, most_weights
from ltzoo.models.weights_errors import WeightsError
from ltzoo.readers.hdf5 import Hdf5Contents, rewrite
from ltzoo.readers.zip_members import ArchiveError, checked_members, read_member

_CONFIG, _METADATA, _WEIGHTS, _ASSETS = "config.json", "metadata.json", "model.weights.h5", "assets/"
_MAX_CONFIG, _MAX_METADATA = 1 << 23, 1 << 20
# Keras stores members without compression; archives that were packed again have zeros that shrink.
_EXPANSION = 100
# Sizes of layers in a configuration. Each has at least this many weights.
_SIZES = ("units", "filters", "input_dim", "output_dim", "num_classes")
_MAX_CONFIG_DEPTH = 200


def load_archive(path: Path) -> Any:
    """Load a `.keras` file by Keras's own loader, in safe mode.

    Keras is given a folder of the checked members, with the weights written again from their numbers: the HDF5 library
    never sees the file.

    Raises:
        WeightsError: the file is damaged, holds anything else, or Keras cannot make the model of it.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            stored = unpack(path, Path(folder))
        # A damaged archive raises nearly any type.
        except Exception as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise WeightsError(
                f"{path} is refused as a .keras file: {reason}. Save the model again with model.save. "
                f"Received: entry_or_path={str(path)!r}"
            ) from error
        try:
            _check_size(Path(folder), stored)
            return keras.saving.load_model(folder, safe_mode=True)
        except (TooManyWeights, TooLargeOutputs) as error:
            raise WeightsError(
                f"{path} is refused as a .keras file: {error}, entry_or_path={str(path)!r}"
            ) from error
        except Exception as error:  # Configurations are code for Keras's classes, which raise any type.
            reason = " ".join(str(error).split()) or type(error).__name__
            raise WeightsError(
                f"{path} cannot be loaded by Keras: {reason[:1000]} Received: entry_or_path={str(path)!r}"
            ) from error


def _check_size(folder, stored):
    """Build the network once without weights; Keras's loader would take the memory before it compares."""
    config = json.loads((folder / _CONFIG).read_bytes())
    if isinstance(config, dict):
        config.pop("compile_config", None)
    with WeightBound(most_weights(stored)):
        check_outputs(keras.saving.deserialize_keras_object(config, safe_mode=True))


def unpack(path: Path, folder: Path) -> int:
    """Write the checked members of a `.keras` file into a folder, which Keras loads like the file.

    Returns:
        how many numbers its weights have.

    Raises:
        ArchiveError: names or sizes of members are wrong, or a member is missing.
        Hdf5Error: the weights are no HDF5 file of finite numbers.
        zipfile.BadZipFile: the archive is damaged.
    """
    size = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        members = checked_members(archive, size, _EXPANSION)
        for name in members:
            if name not in (_CONFIG, _METADATA, _WEIGHTS) and not name.startswith(_ASSETS):
                raise ArchiveError(f"its member {name[:100]!r} is not one that Keras writes")
        for name in (_CONFIG, _WEIGHTS):
            if name not in members:
                raise ArchiveError(f"its member {name!r} is missing")
        text = read_member(archive, members[_CONFIG], _MAX_CONFIG)
        contents = Hdf5Contents(data := read_member(archive, members[_WEIGHTS]), 4 * len(data))
        _check_config(json.loads(text), contents)
        (folder / _CONFIG).write_bytes(text)
        if _METADATA in members:
            (folder / _METADATA).write_bytes(read_member(archive, members[_METADATA], _MAX_METADATA))
        for name, info in members.items():
            if name.startswith(_ASSETS):
                target = folder / name
                if info.is_dir():
                    target.mkdir(parents=True, exist_ok=True)
                else:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(read_member(archive, info))
    rewrite(contents, folder / _WEIGHTS)
    return sum(math.prod(dataset.shape) for dataset in contents.datasets.values())


def _check_config(config: Any, contents: Hdf5Contents) -> None:
    """Refuse a configuration that nests too deep, or whose layers are larger than all weights in the file."""
    most = sum(dataset.nbytes for dataset in contents.datasets.values())
    level = [config]
    for _ in range(_MAX_CONFIG_DEPTH):
        inner = []
        for part in level:
            if isinstance(part, dict):
                for key in _SIZES:
                    if isinstance(part.get(key), int) and part[key] > most:
                        raise ArchiveError(
                            f"its {_CONFIG} has {key}={part[key]}, more than its weights have bytes"
                        )
                inner += part.values()
            elif isinstance(part, list):
                inner += part
        if not inner:
            return
        level = inner
    raise ArchiveError(f"its {_CONFIG} nests more than {_MAX_CONFIG_DEPTH} levels")
