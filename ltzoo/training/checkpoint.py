"""The state of a staged fit, in files that are written atomically and checked when they are read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ltzoo.caller_warnings import warn_caller
from ltzoo.training.state_file import DamagedError, read_state, values, write_state

FILE_NAME = "state.npz"
PREVIOUS = "state.previous.npz"
WITHIN = "state.step.npz"


class ResumeError(ValueError):
    """The checkpoint cannot be read, or does not belong to the run that wants to resume from it."""


class Checkpoint:
    """Save and restore everything that the next training step depends on.

    The file holds every variable of the model: weights, moving statistics, states of random generators. It also
    holds every variable of the optimizer, the place in the recipe, the history and the state of callbacks. An atomic
    rename replaces it, so a process killed at any moment leaves either the previous file or the new one. The file
    before it stays next to it as `state.previous.npz`. Every array has a SHA-256 in the file. If the file is damaged,
    the previous one is used and a warning says so.

    Within an epoch the state goes to a file of its own, `state.step.npz`, with the metrics of the epoch so far. The
    end of the epoch removes it.

    Args:
        folder: the folder of the files; created if missing.
        identity: a dict that must be equal when saving and resuming (recipe, class counts, seed, backend).
    """

    def __init__(self, folder: str | os.PathLike, identity: Mapping[str, Any]) -> None:
        self.path = Path(folder) / FILE_NAME
        self.previous = Path(folder) / PREVIOUS
        self.within = Path(folder) / WITHIN
        self.identity = json.loads(json.dumps(identity))
        self._sound = False

    def exists(self) -> bool:
        """Return whether there is something to resume from, sound or not."""
        return self.path.exists() or self.previous.exists() or self.within.exists()

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
        step: int = 0,
        metrics: Sequence[keras.Variable] = (),
    ) -> None:
        """Write the state after `epochs_done` epochs and `step` steps of stage number `stage` (0 is the first).

        Args:
            model, optimizer: their variables are saved.
            stage, epochs_done: the place in the recipe.
            history: the history so far.
            stopped: a callback ended the stage.
            ended: nothing is left to do in the stage; None: it ended if all its epochs are done.
            callbacks, callback_arrays: see `ltzoo.training.callback_state`.
            step: steps of the next epoch that are done; 0 at the end of an epoch.
            metrics: the variables of the metrics of that epoch.
        """
        parts = {
            "model": values(model.variables),
            "optimizer": values(optimizer.variables),
            "callbacks": callback_arrays,
            "metrics": values(metrics),
        }
        description = {
            "identity": self.identity,
            "stage": stage,
            "epochs_done": epochs_done,
            "stopped": stopped,
            "ended": ended,
            "epoch": history.epoch,
            "history": history.history,
            "callbacks": list(callbacks),
        }
        if step:
            write_state(self.within, parts, {**description, "step": step})
            return
        write_state(self.path, parts, description, before=self._keep_previous)
        self._sound = True
        self.within.unlink(missing_ok=True)

    def _keep_previous(self):
        if self._sound:
            os.replace(self.path, self.previous)

    def load(self, within_epochs: bool = True) -> dict[str, Any] | None:
        """Return the latest state: a dict of the arguments of `save`, with the lists `model` and `optimizer`.

        Args:
            within_epochs: also use a state from within an epoch; otherwise the result is None if it is the only one.

        Raises:
            ResumeError: if no file can be read, or they belong to a different run.
        """
        within = self._within() if within_epochs else None
        if not self.path.exists() and not self.previous.exists() and (within or not within_epochs):
            return within
        try:
            state = self._at_end_of_epoch()
        except ResumeError as error:
            if within is None:
                raise
            warn_caller(f"only {WITHIN} of the checkpoint can be used. {error}")
            return within
        if within is not None and _place(within) >= _place(state) and not _is_over(state, within):
            return within
        return state

    def _at_end_of_epoch(self):
        try:
            state, path = read_state(self.path), self.path
            self._sound = True
        except DamagedError as error:
            try:
                state, path = read_state(self.previous), self.previous
            except DamagedError as other:
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

    def _within(self):
        """Return the state within an epoch, or None if there is none that can be used."""
        if not self.within.exists():
            return None
        try:
            state = read_state(self.within)
        except DamagedError as error:
            warn_caller(
                "the steps since the last end of an epoch are trained again: their checkpoint cannot be used. "
                f"Received: {self.within} ({error})"
            )
            return None
        self._check_identity(state["identity"], self.within)
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


def restore(variables: Sequence[keras.Variable], saved: Sequence[np.ndarray]) -> None:
    """Assign saved arrays to variables, in order.

    Raises:
        ResumeError: if their number or their shapes differ.
    """
    if len(variables) != len(saved) or any(
        tuple(variable.shape) != value.shape for variable, value in zip(variables, saved, strict=False)
    ):
        raise ResumeError(
            "`checkpoint` must hold the variables of this model; it may be from another backbone, head or version. "
            f"Received: {len(saved)} saved arrays for {len(variables)} variables"
        )
    for variable, value in zip(variables, saved, strict=True):
        variable.assign(value)


def _place(state):
    return state["stage"], state["epochs_done"]


def _is_over(state, within):
    """Return whether the stage of both states has ended, so that the one within an epoch is older."""
    return state["stage"] == within["stage"] and bool(state["ended"] or state["stopped"])


def _short(value):
    text = json.dumps(value)
    return text if len(text) < 200 else text[:197] + "..."
