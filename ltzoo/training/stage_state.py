"""The state of one stage: where it begins or goes on, and what a checkpoint of it holds."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras

from ltzoo.interrupts import Interruption
from ltzoo.keras_internals import build_for_training
from ltzoo.training.callbacks import SaveCheckpoint, StagedHistory, StopOnNonFiniteLoss
from ltzoo.training.checkpoint import Checkpoint, ResumeError, restore
from ltzoo.training.stage_callbacks import StageCallbacks
from ltzoo.training.step_keeper import StepKeeper


@dataclasses.dataclass(frozen=True)
class Keep:
    """Where and when the state is saved.

    Attributes:
        store: where; None saves nothing.
        interruption: the signals that wait for the end of a step.
        seconds: seconds between two saves within an epoch.
    """

    store: Checkpoint | None
    interruption: Interruption
    seconds: float


class StageState:
    """The place in a stage, which is the start or that of a resumed training, and how it is saved.

    Args:
        model: the classifier.
        trainee: the model that trains: the classifier, or its head alone.
        index: number of the stage, 0 for the first.
        epochs: its epochs.
        callbacks: the user's callbacks.
        history: the history so far; it gets every epoch.
        keep: where and when to save.
        resumed: the state that this training resumes from, if this is its first stage; of this stage or an earlier one.

    Attributes:
        done: epochs that are done.
        last: epochs that are done in the end.
        step: steps of epoch `done` that are done.
    """

    def __init__(
        self,
        model: Any,
        trainee: Any,
        index: int,
        epochs: int,
        callbacks: StageCallbacks,
        history: StagedHistory,
        keep: Keep,
        resumed: dict[str, Any] | None,
    ) -> None:
        self.model, self.trainee, self.index = model, trainee, index
        self.callbacks, self.history, self.keep = callbacks, history, keep
        self.resumed = resumed
        self.same_stage = resumed is not None and resumed["stage"] == index
        self.done, self.last, self.step = 0, epochs, 0
        self.finite = StopOnNonFiniteLoss(index + 1)
        if resumed is not None:
            callbacks.before_stage(resumed, self.same_stage)
            if self.same_stage:
                restore(trainee.optimizer.variables, resumed["optimizer"])
                self.done, self.step = resumed["epochs_done"], resumed["step"]
                self.last = self.done if resumed["stopped"] else epochs

    def saver(self, offset: int) -> SaveCheckpoint:
        """Return the callback that saves at the end of every epoch.

        Args:
            offset: number of the first epoch of the stage.
        """
        self._saver = SaveCheckpoint(
            self._save, self.history, done=self.done, first=offset, begin=self._begin
        )
        return self._saver

    def keeper(self, measures: bool) -> StepKeeper | None:
        """Return what saves within epochs, or None if nothing is saved.

        Args:
            measures: whether held-out images are measured after every epoch.
        """
        if self.keep.store is None:
            return None
        return StepKeeper(self._save_step, self.keep.interruption, self.keep.seconds, measures)

    def build_metrics(self, feed: dict[str, Any]) -> None:
        """Build the metrics, whose values in the middle of an epoch are restored.

        Raises:
            ResumeError: the epoch does not have the step that the state is from.
        """
        if self.step > feed["steps_per_epoch"]:
            raise ResumeError(
                f"`checkpoint` must be within an epoch of {feed['steps_per_epoch']} steps. Resume with the same data "
                f"and devices. Received: step {self.step}"
            )
        if keras.backend.backend() == "tensorflow":  # The others do so before the first epoch.
            build_for_training(self.trainee, next(iter(feed["x"])))

    def go_on(self) -> None:
        """Restore everything again in the middle of an epoch, since its beginning may have changed some of it."""
        assert self.resumed is not None
        restore(self.model.variables, self.resumed["model"])
        restore(self.trainee.optimizer.variables, self.resumed["optimizer"])
        restore(self.trainee.metrics_variables, self.resumed["metrics"])
        self.callbacks.within_epoch(self.resumed)

    def _begin(self):
        if self.resumed is not None:
            self.callbacks.after_begin(self.resumed, self.same_stage)

    def _save(self, **place):
        if self.keep.store is not None:
            self.keep.store.save(
                self.model,
                self.trainee.optimizer,
                stage=self.index,
                history=self.history,
                **place,
                **self.callbacks.state(),
            )

    def _save_step(self, step):
        self.finite.read_all()
        if keras.backend.backend() == "jax":
            self.trainee.jax_state_sync()
        self._save(epochs_done=self._saver.done, step=step, metrics=self.trainee.metrics_variables)
