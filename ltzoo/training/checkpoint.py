"""The state of a staged fit, in one file that is written atomically and checked when it is read."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.caller_warnings import warn_caller
from ltzoo.files import atomic_write

FILE_NAME = "state.npz"
PREVIOUS = "state.previous.npz"
FORMAT = 2


class ResumeError(ValueError):
    """The checkpoint cannot be read, or does not belong to the run that wants to resume from it."""


class _Damaged(Exception):
    """A file does not hold what was written to it."""


class Checkpoint:
    """Save and restore everything that the next training step depends on.

    The file holds every variable of the model: weights, moving statistics, states of random generators. It also
    holds every variable of the optimizer, the place in the recipe, the history and the state of callbacks. An atomic
    rename replaces it, so a process killed at any moment leaves either the previous file or the new one. The file
    before it stays next to it as `state.previous.npz`. Every array has a SHA-256 in the file. If the file is damaged,
    the previous one is used and a warning says so.

    Args:
        folder: the folder of the file; created if missing.
        identity: a dict that must be equal when saving and resuming (recipe, class counts, seed, backend).
    """

    def __init__(self, folder: str | os.PathLike, identity: Mapping[str, Any]) -> None:
        self.path = Path(folder) / FILE_NAME
        self.previous = Path(folder) / PREVIOUS
        self.identity = json.loads(json.dumps(identity))
        self._sound = False

    def exists(self) -> bool:
        """Return whether there is something to resume from, sound or not."""
        return self.path.exists() or self.previous.exists()

    def save(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        *,
        stage: int,
        epochs_done: int,
        history: keras.callbacks.History,
        stopped: bool = False,
        ended: bool | None = None,
        callbacks: Sequence[Mapping[str, Any]] = (),
        callback_arrays: Sequence[np.ndarray] = (),
    ) -> None:
        """Write the state after `epochs_done` epochs of stage number `stage` (0 is the first).

        Args:
            model, optimizer: their variables are saved.
            stage, epochs_done: the place in the recipe.
            history: the history so far.
            stopped: a callback ended the stage.
            ended: nothing is left to do in the stage; None: it ended if all its epochs are done.
            callbacks, callback_arrays: see `ltzoo.training.callback_state`.
        """
        arrays: dict[str, Any] = {f"model/{i}": value for i, value in enumerate(_values(model.variables))}
        arrays |= {f"optimizer/{i}": value for i, value in enumerate(_values(optimizer.variables))}
        arrays |= {f"callbacks/{i}": value for i, value in enumerate(callback_arrays)}
        meta = {
            "format": FORMAT,
            "identity": self.identity,
            "stage": stage,
            "epochs_done": epochs_done,
            "stopped": stopped,
            "ended": ended,
            "epoch": history.epoch,
            "history": history.history,
            "callbacks": list(callbacks),
            "sha256": {name: _digest(array) for name, array in arrays.items()},
        }
        arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
        arrays["meta_sha256"] = np.frombuffer(hashlib.sha256(arrays["meta"].tobytes()).digest(), np.uint8)
        with atomic_write(self.path) as temporary:
            with open(temporary, "wb") as file:
                np.savez(file, **arrays)
                file.flush()
                os.fsync(file.fileno())
            if self._sound:
                os.replace(self.path, self.previous)
        self._sound = True

    def load(self) -> dict[str, Any]:
        """Return the saved state: a dict of the arguments of `save`, with the lists `model` and `optimizer`.

        Raises:
            ResumeError: if neither the file nor the previous one can be read, or it belongs to a different run.
        """
        try:
            state, path = _read(self.path), self.path
            self._sound = True
        except _Damaged as error:
            try:
                state, path = _read(self.previous), self.previous
            except _Damaged as other:
                raise ResumeError(
                    f"`checkpoint` must be readable. Remove {self.path} and {self.previous.name} to start again. "
                    f"Received: {self.path} ({error}), {self.previous.name} ({other})"
                ) from error
            warn_caller(
                f"`checkpoint` cannot be used; the training resumes from the one before it, {path}. "
                f"Received: {self.path} ({error})"
            )
        self._check_identity(state["identity"], path)
        return state

    def _check_identity(self, saved, path):
        differing = sorted(
            key for key in {*self.identity, *saved} if self.identity.get(key) != saved.get(key)
        )
        if differing:
            raise ResumeError(
                f"`checkpoint` was written with another {', '.join(differing)}. Resume with the same arguments or use "
                f"another folder. Received: {_short({key: self.identity.get(key) for key in differing})}, but {path} "
                f"has {_short({key: saved.get(key) for key in differing})}"
            )


def restore(variables: Sequence[keras.Variable], values: Sequence[np.ndarray]) -> None:
    """Assign saved arrays to variables, in order.

    Raises:
        ResumeError: if their number or their shapes differ.
    """
    if len(variables) != len(values) or any(
        tuple(variable.shape) != value.shape for variable, value in zip(variables, values, strict=False)
    ):
        raise ResumeError(
            "`checkpoint` must hold the variables of this model; it may be from another backbone, head or version. "
            f"Received: {len(values)} saved arrays for {len(variables)} variables"
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _read(path):
    """Return the state in a file that holds exactly what was written, or raise `_Damaged`."""
    if not path.is_file():
        raise _Damaged("it is no file" if path.exists() else "it is missing")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return _checked(arrays)
    except _Damaged:
        raise
    except Exception as error:  # Whatever zipfile, zlib, NumPy and JSON raise on bytes that are not theirs.
        raise _Damaged(
            f"it is damaged: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
        ) from error


def _checked(arrays):
    text = arrays.pop("meta").tobytes()
    state = json.loads(text.decode())
    if state.get("format", 1) > FORMAT:
        raise _Damaged(f"a newer version wrote it, in format {state['format']}")
    if "sha256" in state:
        own = arrays.pop("meta_sha256").tobytes()
        if own != hashlib.sha256(text).digest():
            raise _Damaged("the checksum of `meta` differs")
        wrong = sorted(
            name
            for name in {*arrays, *state["sha256"]}
            if name not in arrays or state["sha256"].get(name) != _digest(arrays[name])
        )
        if wrong:
            raise _Damaged(f"the checksum of {wrong[0]} differs")
    for part in ("model", "optimizer", "callbacks"):
        count = sum(name.startswith(part + "/") for name in arrays)
        found = [arrays[f"{part}/{i}"] for i in range(count)]
        state[part if part != "callbacks" else "callback_arrays"] = found
    _check_place(state)
    return {"stopped": False, "ended": None, "callbacks": [], **state}


def _check_place(state):
    numbers = [state["stage"], state["epochs_done"], *state["epoch"]]
    lengths = {len(values) for values in state["history"].values()}
    if not all(type(number) is int and number >= 0 for number in numbers) or lengths - {len(state["epoch"])}:
        raise _Damaged("its place in the training makes no sense")
    if not isinstance(state["identity"], dict):
        raise _Damaged("it does not say which training it belongs to")


def _digest(array):
    head = f"{array.dtype.str} {array.shape} ".encode()
    return hashlib.sha256(head + array.tobytes()).hexdigest()


def _values(variables):
    # An .npz file cannot store the bfloat16 of other libraries. float32 holds half precision exactly.
    for variable in variables:
        if keras.backend.is_float_dtype(variable.dtype) and variable.dtype in ("bfloat16", "float16"):
            yield ops.convert_to_numpy(ops.cast(variable.value, "float32"))
        else:
            yield ops.convert_to_numpy(variable.value)


def _short(value):
    text = json.dumps(value)
    return text if len(text) < 200 else text[:197] + "..."
