"""Callbacks that the staged fit adds to the user's, and a clock for measured runs."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.keras_internals import step_counter


class NonFiniteLossError(ArithmeticError):
    """The loss became infinite or NaN. The last checkpoint is from an earlier epoch."""


class InvalidLabelsError(NonFiniteLossError, ValueError):
    """Labels that are none made the loss NaN; see `ltzoo.contracts.labels`.

    Args:
        model: the model that got them.
        where: the batch.
    """

    def __init__(self, model: keras.Model, where: str) -> None:
        classes = getattr(model, "num_classes", None)
        last = "C - 1" if classes is None else str(classes - 1)
        super().__init__(
            f"Labels must be integers 0..{last}, or rows of class shares that sum to 1; correct the data, and build or "
            f"load the model again if it was training. Received: labels outside 0..{last} or other rows in {where}"
        )


def wrong_labels(logs: Mapping[str, Any]) -> bool:
    """Return whether labels made the logs of a step NaN: an accuracy is NaN for no other reason."""
    return "accuracy" in logs and bool(np.isnan(float(ops.convert_to_numpy(logs["accuracy"]))))


class StageLog(keras.callbacks.Callback):
    """Write `stage` (1 for the first) and the learning rate into the logs of every epoch.

    It must come before all other callbacks, so that they see both.

    Args:
        stage: number of the stage.
        done: steps of the first epoch that a resumed training has behind it.
    """

    def __init__(self, stage: int, done: int = 0) -> None:
        super().__init__()
        self.stage, self.done = stage, done

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Read the learning rate at the start of the epoch."""
        optimizer = self.model.optimizer
        if not self.done:
            self.learning_rate = float(ops.convert_to_numpy(optimizer.learning_rate))
            return
        counter = step_counter(optimizer)
        now = ops.convert_to_numpy(counter.value)
        counter.assign(now - self.done)
        self.learning_rate = float(ops.convert_to_numpy(optimizer.learning_rate))
        counter.assign(now)
        self.done = 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add `stage` and `learning_rate` to the logs that all later callbacks get."""
        if logs is not None:
            logs["stage"] = self.stage
            logs["learning_rate"] = self.learning_rate


class StopOnNonFiniteLoss(keras.callbacks.Callback):
    """Raise a `NonFiniteLossError` that names the stage, epoch and step.

    The loss of a step is read `lag` steps later, so that the host never waits for an accelerator. The remaining
    losses are read at the end of the epoch, before anything is saved.
    """

    def __init__(self, stage: int, lag: int = 8) -> None:
        super().__init__()
        self.stage = stage
        self.lag = lag
        self.pending: deque[tuple[int, Mapping[str, Any]]] = deque()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Forget the losses of the previous epoch."""
        self.epoch = epoch
        self.pending.clear()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Keep the loss of this step and read an older one."""
        self.pending.append((batch, dict(logs or {})))
        if len(self.pending) > self.lag:
            self._read()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Read the remaining losses."""
        self.read_all()

    def read_all(self) -> None:
        """Read the losses of all steps until now, before anything is saved."""
        while self.pending:
            self._read()

    def _read(self):
        step, logs = self.pending.popleft()
        loss = float(ops.convert_to_numpy(logs.get("loss", 0.0)))
        if not np.isfinite(loss):
            if wrong_labels(logs):
                where = f"step {step + 1} of epoch {self.epoch + 1}, stage {self.stage}"
                raise InvalidLabelsError(self.model, where)
            raise NonFiniteLossError(
                "The loss must stay finite. Training stopped; the last checkpoint holds the weights from before this "
                "epoch. Lower the learning rate, lengthen the warm-up or inspect the images of this step. "
                f"Received: loss={loss} at stage {self.stage}, epoch {self.epoch + 1}, step {step + 1}"
            )


class SaveCheckpoint(keras.callbacks.Callback):
    """Save a `Checkpoint` after every epoch that `StopOnNonFiniteLoss` has accepted, and at the end of the stage.

    It must come after all other callbacks, so that the checkpoint has what they did: a stage that one of them ended,
    weights that one of them restored.

    Args:
        save: called with `epochs_done`, `stopped` and `ended`; see `Checkpoint.save`.
        history: gets every epoch.
        done: epochs of the stage that a resumed training has behind it.
        first: number of the first epoch of the stage.
        begin: called once all other callbacks have begun.
    """

    def __init__(
        self,
        save: Callable[..., None],
        history: StagedHistory,
        *,
        done: int,
        first: int,
        begin: Callable[[], None],
    ) -> None:
        super().__init__()
        self.save, self.history, self.begin = save, history, begin
        self.done, self.first = done, first

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Restore what the other callbacks remembered."""
        self.begin()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Append the epoch to the history and save."""
        self.history.append(epoch, logs or {})
        self.done = epoch + 1 - self.first
        self.save(epochs_done=self.done, stopped=bool(self.model.stop_training), ended=False)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Save that the stage has ended."""
        self.save(epochs_done=self.done, stopped=False, ended=True)


class EpochSeconds(keras.callbacks.Callback):
    """Write the `seconds` of every epoch into its logs, so that the history also covers interrupted runs.

    The first epoch of a stage includes compilation, and the features that were computed for it. An epoch that is
    resumed in its middle has the seconds of both parts, without the time between them.
    """

    remembers = ("spent",)
    start: float | None = None
    of_features = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start the clock, at the seconds that features took since the last epoch."""
        self.of_features = self._features()
        self.start = time.perf_counter() - self.of_features

    def _features(self) -> float:
        model: Any = getattr(self, "_model", None)
        model = getattr(
            model, "_classifier", model
        )  # What trains on cached features is not the classifier itself.
        store = getattr(model, "feature_store", None)
        if store is None:
            return 0.0
        seconds, store.seconds = store.seconds, 0.0
        return seconds

    @property
    def spent(self) -> float:
        """The seconds of the epoch until now."""
        return 0.0 if self.start is None else time.perf_counter() - self.start

    @spent.setter
    def spent(self, seconds: float) -> None:
        self.start = time.perf_counter() - float(seconds)
        self.of_features = 0.0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add `seconds` to the logs that all later callbacks get."""
        self.seconds = self.spent
        if logs is not None:
            logs["seconds"] = self.seconds


def seconds_by_stage(history: Mapping[str, Iterable[Any]], stages: int) -> list[float]:
    """Return the seconds per stage, from a history recorded with `EpochSeconds`; 0 for stages without epochs."""
    spent = [0.0] * stages
    for stage, seconds in zip(history.get("stage", ()), history.get("seconds", ()), strict=False):
        spent[int(stage) - 1] += seconds or 0.0
    return spent


class StagedHistory(keras.callbacks.History):
    """One history over all stages; its `history` has one `stage` entry per epoch.

    Attributes:
        alarms: what `ltzoo.training.training_alarms` returned after the last stage.
        kept: what `ltzoo.training.keep_best.kept_epochs` returned, if held-out images decided anything.
    """

    alarms: Sequence[Any] = ()
    kept: Sequence[Mapping[str, Any]] = ()

    def __init__(
        self, epochs: Iterable[int] = (), history: Mapping[str, Iterable[Any]] | None = None
    ) -> None:
        super().__init__()
        self.epoch = list(epochs)
        self.history = {key: list(values) for key, values in (history or {}).items()}

    def append(self, epoch: int, logs: Mapping[str, Any]) -> None:
        """Add one epoch. Missing values become None, so that every column is as long as `epoch`."""
        for key in logs:
            self.history.setdefault(key, [None] * len(self.epoch))
        self.epoch.append(epoch)
        for key, values in self.history.items():
            value = logs.get(key)
            values.append(None if value is None else float(value))
