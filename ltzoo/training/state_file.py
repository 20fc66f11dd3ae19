"""Write and read files with the state of a run: arrays, a description of them, and checksums of both."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.files import atomic_write

FORMAT = 2
_PARTS = {"model": "model", "optimizer": "optimizer", "callbacks": "callback_arrays", "metrics": "metrics"}


class DamagedError(Exception):
    """A file does not hold what was written to it."""


def write_state(
    path: Path,
    parts: Mapping[str, Iterable[np.ndarray]],
    description: Mapping[str, Any],
    before: Callable[[], None] = lambda: None,
) -> None:
    """Write a file whole or not at all.

    Args:
        path: the file.
        parts: lists of arrays: "model", "optimizer", "callbacks", "metrics".
        description: anything that JSON can hold.
        before: called when the new file is complete, just before it replaces the old one.
    """
    arrays: dict[str, Any] = {
        f"{part}/{i}": value for part, values in parts.items() for i, value in enumerate(values)
    }
    meta = {
        "format": FORMAT,
        **description,
        "sha256": {name: _digest(array) for name, array in arrays.items()},
    }
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    arrays["meta_sha256"] = np.frombuffer(hashlib.sha256(arrays["meta"].tobytes()).digest(), np.uint8)
    with atomic_write(path) as temporary:
        with open(temporary, "wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        before()


def read_state(path: Path) -> dict[str, Any]:
    """Return the state in a file that holds exactly what was written, or raise `DamagedError`."""
    if not path.is_file():
        raise DamagedError("it is no file" if path.exists() else "it is missing")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return _checked(arrays)
    except DamagedError:
        raise
    except Exception as error:  # Whatever zipfile, zlib, NumPy and JSON raise on bytes that are not theirs.
        raise DamagedError(
            f"it is damaged: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
        ) from error


def values(variables: Iterable[keras.Variable]) -> Iterator[np.ndarray]:
    """Yield the values of variables as arrays that an .npz file can store."""
    # It cannot store the bfloat16 of other libraries. float32 holds half precision exactly.
    for variable in variables:
        if keras.backend.is_float_dtype(variable.dtype) and variable.dtype in ("bfloat16", "float16"):
            yield ops.convert_to_numpy(ops.cast(variable.value, "float32"))
        else:
            yield ops.convert_to_numpy(variable.value)


def _checked(arrays):
    text = arrays.pop("meta").tobytes()
    state = json.loads(text.decode())
    if state.get("format", 1) > FORMAT:
        raise DamagedError(f"a newer version wrote it, in format {state['format']}")
    if "sha256" in state:
        own = arrays.pop("meta_sha256").tobytes()
        if own != hashlib.sha256(text).digest():
            raise DamagedError("the checksum of `meta` differs")
        wrong = sorted(
            name
            for name in {*arrays, *state["sha256"]}
            if name not in arrays or state["sha256"].get(name) != _digest(arrays[name])
        )
        if wrong:
            raise DamagedError(f"the checksum of {wrong[0]} differs")
    for part, key in _PARTS.items():
        count = sum(name.startswith(part + "/") for name in arrays)
        state[key] = [arrays[f"{part}/{i}"] for i in range(count)]
    _check_place(state)
    return {"stopped": False, "ended": None, "callbacks": [], "step": 0, **state}


def _check_place(state):
    numbers = [state["stage"], state["epochs_done"], state.get("step", 0), *state["epoch"]]
    lengths = {len(column) for column in state["history"].values()}
    if not all(type(number) is int and number >= 0 for number in numbers) or lengths - {len(state["epoch"])}:
        raise DamagedError("its place in the training makes no sense")
    if not isinstance(state["identity"], dict):
        raise DamagedError("it does not say which training it belongs to")


def _digest(array):
    head = f"{array.dtype.str} {array.shape} ".encode()
    return hashlib.sha256(head + array.tobytes()).hexdigest()
