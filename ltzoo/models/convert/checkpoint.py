"""Read and write PyTorch checkpoints as NumPy arrays."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ltzoo.files import atomic_write
from ltzoo.models.convert.slots import CheckpointError
from ltzoo.models.convert.torch_file import read_torch_file
from ltzoo.models.convert.torch_tensors import StoredTensor
from ltzoo.readers.plain_arrays import PlainArray, plain

# Parts that may hold tensors but are not part of the network.
IGNORED = ("optimizer", "scheduler", "lr_scheduler", "scaler", "amp", "centroids")
_MAX_DEPTH = 20
_MAX_DICTS = 10_000


def read_checkpoint(path: str | os.PathLike) -> dict[str, dict[str, np.ndarray]]:
    """Read the tensors of a checkpoint file.

    The file is read as data, without PyTorch, and runs no code. Besides tensors, only plain numbers, texts and NumPy's
    numbers and arrays are accepted.

    Returns:
        arrays by the path of their part and their name, as from `parts_of`.

    Raises:
        FileNotFoundError: there is no such file.
        CheckpointError: the file is not a checkpoint, is damaged, or holds other objects.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"`path` must be an existing checkpoint. Received: path={str(path)!r}")
    try:
        return parts_of(read_torch_file(path), str(path))
    except CheckpointError:
        raise
    # A damaged archive raises nearly any type.
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if reason.endswith("is not allowed; only plain values are"):
            reason = (
                f"it holds other Python objects than tensors: {reason}. If you trust its source, save its state dicts "
                "alone: torch.save({name: part.state_dict()}, path)"
            )
        raise CheckpointError(
            f"{path} cannot be read as a PyTorch checkpoint: {reason}. Received: path={str(path)!r}"
        ) from error


def parts_of(tree: Any, source: str = "the checkpoint") -> dict[str, dict[str, np.ndarray]]:
    """Split a loaded checkpoint into its parts.

    A part is a dict from names to tensors or NumPy arrays. The prefix `module.` that `torch.nn.DataParallel` puts
    before all names of a part is removed. Everything else, such as epoch, accuracy and optimizer, is left out.

    Args:
        tree: what `torch.load` returned.
        source: name of the checkpoint in the error.

    Returns:
        arrays by part and name. The key of a part is its dict keys joined by "/", and "" if `tree` is the part.

    Raises:
        CheckpointError: there are no tensors.
    """
    parts = {}
    if isinstance(tree, Mapping):
        _collect(tree, "", parts, source, itertools.count())
    if not parts:
        kind = type(tree).__name__
        raise CheckpointError(
            f"{source} holds no state dict, which maps names to tensors. Received: an object of type {kind}"
        )
    return parts


def write_checkpoint(path: str | os.PathLike, tree: Mapping[str, Any]) -> None:
    """Write nested dicts of NumPy arrays as a PyTorch checkpoint, whole or not at all.

    Raises:
        ImportError: PyTorch is not installed.
    """
    torch = _torch()
    with atomic_write(path) as temporary:
        torch.save(_tensors(tree, torch), temporary)


def _torch():
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            f'PyTorch is needed for its checkpoints: pip install "ltzoo[torch]". Received: {error}'
        ) from error
    return torch


def _collect(tree, path, parts, source, visited, depth=0):
    if depth > _MAX_DEPTH or next(visited) > _MAX_DICTS:
        raise CheckpointError(
            f"{source} must nest its dicts at most {_MAX_DEPTH} deep. Received: more, at {path[:100]!r}"
        )
    named = {key: value for key, value in tree.items() if isinstance(key, str)}
    inner = len(parts)
    for key, value in named.items():
        if isinstance(value, Mapping) and key not in IGNORED:
            _collect(value, f"{path}/{key}" if path else key, parts, source, visited, depth + 1)
    tensors = {key: value for key, value in named.items() if _is_tensor(value)}
    # Tensors next to parts are not parameters, but for instance a best accuracy.
    if tensors and len(parts) == inner:
        if all(key.startswith("module.") for key in tensors):
            tensors = {key.removeprefix("module."): value for key, value in tensors.items()}
        parts[path] = {key: _array(value) for key, value in tensors.items()}


def _is_tensor(value):
    if isinstance(value, (np.ndarray, StoredTensor, PlainArray)):
        return True
    return hasattr(value, "detach") and hasattr(value, "numpy")


def _array(value):
    if isinstance(value, StoredTensor):
        return value.array()
    value = plain(value)
    if isinstance(value, np.ndarray):
        return value
    value = value.detach().cpu()
    # NumPy does not have bfloat16.
    return (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()


def _tensors(tree, torch):
    if isinstance(tree, Mapping):
        return {key: _tensors(value, torch) for key, value in tree.items()}
    return torch.from_numpy(np.ascontiguousarray(tree).reshape(np.shape(tree)))
