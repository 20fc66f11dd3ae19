"""Callbacks of the staged fit: those that it adds to the user's own, and the clock of trainings that are measured."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops


class NonFiniteLossError(ArithmeticError):
    """The loss became infinite or not a number. The last checkpoint is from before that."""


class StageLog(keras.callbacks.Callback):
    """Writes `stage` (1 for the first) and the learning rate into every epoch's logs, before all other callbacks."""

    def __init__(self, stage: int) -> None:
        super().__init__()
        self.stage = stage

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Reads the rate that the epoch starts with."""
        self.learning_rate = float(ops.convert_to_numpy(self.model.optimizer.learning_rate))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Adds to the logs that all later callbacks get."""
        if logs is not None:
            logs["stage"] = self.stage
            logs["learning_rate"] = self.learning_rate


class StopOnNonFiniteLoss(keras.callbacks.Callback):
    """Raises `NonFiniteLossError` that names stage, epoch and step.

    The loss of a step is read `lag` steps later, so that an accelerator is never waited for; the rest is read at
    the end of the epoch, before anything is saved.
    """

    def __init__(self, stage: int, lag: int = 8) -> None:
        super().__init__()
        self.stage = stage
        self.lag = lag
        self.pending = deque()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Starts an epoch."""
        self.epoch = epoch
        self.pending.clear()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Keeps this step's loss and reads an older one."""
        self.pending.append((batch, (logs or {}).get("loss", 0.0)))
        if len(self.pending) > self.lag:
            self._read()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Reads what is left."""
        while self.pending:
            self._read()

    def _read(self):
        step, loss = self.pending.popleft()
        loss = float(ops.convert_to_numpy(loss))
        if not np.isfinite(loss):
            raise NonFiniteLossError(
                f"The loss is {loss} at stage {self.stage}, epoch {self.epoch + 1}, step {step + 1}. Training "
                "stopped; the last checkpoint holds the weights from before this epoch. Lower the learning rate, "
                "lengthen the warm-up or look at the images of this step."
            )


class SaveCheckpoint(keras.callbacks.Callback):
    """Saves a `Checkpoint` at the end of every epoch, after `StopOnNonFiniteLoss` accepted it."""

    def __init__(self, save: Callable[[keras.Model, int], None], history: StagedHistory) -> None:
        super().__init__()
        self.save = save
        self.history = history

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Appends the epoch to the history and saves."""
        self.history.append(epoch, logs or {})
        self.save(self.model, epoch)


class EpochSeconds(keras.callbacks.Callback):
    """Writes `seconds` of every epoch into its logs, so that a history knows the time of an interrupted training too.

    Compilation counts in the first epoch of a stage.
    """

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Starts the clock."""
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Adds to the logs that all later callbacks get."""
        self.seconds = time.perf_counter() - self.start
        if logs is not None:
            logs["seconds"] = self.seconds


def seconds_by_stage(history: Mapping[str, Iterable[Any]], stages: int) -> list[float]:
    """Seconds of each stage in a history that `EpochSeconds` was part of; 0 for a stage without epochs."""
    spent = [0.0] * stages
    for stage, seconds in zip(history.get("stage", ()), history.get("seconds", ()), strict=False):
        spent[int(stage) - 1] += seconds or 0.0
    return spent


class StagedHistory(keras.callbacks.History):
    """One history over all stages; its `history` has a `stage` entry an epoch."""

    def __init__(
        self, epochs: Iterable[int] = (), history: Mapping[str, Iterable[Any]] | None = None
    ) -> None:
        super().__init__()
        self.epoch = list(epochs)
        self.history = {key: list(values) for key, values in (history or {}).items()}

    def append(self, epoch: int, logs: Mapping[str, Any]) -> None:
        """Adds one epoch; a value that an epoch lacks is None, so that all columns stay as long as `epoch`."""
        for key in logs:
            self.history.setdefault(key, [None] * len(self.epoch))
        self.epoch.append(epoch)
        for key, values in self.history.items():
            value = logs.get(key)
            values.append(None if value is None else float(value))
