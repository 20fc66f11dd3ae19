"""The state of a staged fit, in one file that is written atomically."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.files import atomic_write

FILE_NAME = "state.npz"


class ResumeError(ValueError):
    """The checkpoint does not belong to the run that wants to resume from it."""


class Checkpoint:
    """Save and restore everything that the next training step depends on.

    The file holds every variable of the model: weights, moving statistics, states of random generators. It also
    holds every variable of the optimizer, the place in the recipe and the history. An atomic rename replaces it,
    so a process killed at any moment leaves either the previous file or the new one.

    Args:
        folder: the folder of the file; created if missing.
        identity: a dict that must be equal when saving and resuming (recipe, class counts, seed, backend).
    """

    def __init__(self, folder: str | os.PathLike, identity: Mapping[str, Any]) -> None:
        self.path = Path(folder) / FILE_NAME
        self.identity = json.loads(json.dumps(identity))

    def exists(self) -> bool:
        """Return whether there is a file to resume from."""
        return self.path.is_file()

    def save(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        *,
        stage: int,
        epochs_done: int,
        history: keras.callbacks.History,
    ) -> None:
        """Write the state after `epochs_done` epochs of stage number `stage` (0 is the first)."""
        meta = {
            "identity": self.identity,
            "stage": stage,
            "epochs_done": epochs_done,
            "epoch": history.epoch,
            "history": history.history,
        }
        arrays: dict[str, Any] = {"meta": np.frombuffer(json.dumps(meta).encode(), np.uint8)}
        arrays |= {f"model/{i}": value for i, value in enumerate(_values(model.variables))}
        arrays |= {f"optimizer/{i}": value for i, value in enumerate(_values(optimizer.variables))}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(self.path) as temporary, open(temporary, "wb") as file:
            np.savez(file, **arrays)

    def load(self) -> dict[str, Any]:
        """Return the saved state: a dict with `stage`, `epochs_done`, `epoch`, `history`, `model` and `optimizer`.

        Raises:
            ResumeError: if the file cannot be read or belongs to a different run.
        """
        try:
            with np.load(self.path, allow_pickle=False) as file:
                state = json.loads(file["meta"].tobytes().decode())
                for part in ("model", "optimizer"):
                    count = sum(name.startswith(part + "/") for name in file.files)
                    state[part] = [file[f"{part}/{i}"] for i in range(count)]
        except (OSError, ValueError, KeyError) as error:
            raise ResumeError(
                f"`checkpoint` must be readable. Remove the file to start again. Received: {self.path} ({error})"
            ) from error
        differing = sorted(
            key
            for key in {*self.identity, *state["identity"]}
            if self.identity.get(key) != state["identity"].get(key)
        )
        if differing:
            saved = {key: state["identity"].get(key) for key in differing}
            raise ResumeError(
                f"`checkpoint` was written with another {', '.join(differing)}. Resume with the same arguments or use "
                f"another folder. Received: {_short({k: self.identity.get(k) for k in differing})}, but {self.path} "
                f"has {_short(saved)}"
            )
        return state


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
