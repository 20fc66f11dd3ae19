"""Keras's list of callbacks for one stage, for trainings that stop and resume within an epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras

from ltzoo.interrupts import Interruption
from ltzoo.training.step_keeper import StepKeeper


class StepwiseCallbacks(keras.callbacks.CallbackList):
    """Call the callbacks of a stage, save within its epochs, and pass over the steps that are done already.

    A resumed epoch counts its steps from 1 as ever: so schedules, logs and numbers of batches are right. But the steps
    before `done` train nothing, take a batch of nothing from the feed, and no callback sees them.

    Args:
        callbacks: the callbacks.
        model: the model that trains.
        steps: steps per epoch.
        done: steps of the first epoch that are done.
        restore: called once the first epoch has begun, if some of its steps are done.
        keeper: saves within epochs; None never does.
        interruption: the signals that may wait.
        **arguments: `add_history`, `add_progbar` and parameters of Keras's list.
    """

    def __init__(
        self,
        callbacks: Sequence[Any],
        *,
        model: Any,
        steps: int,
        done: int = 0,
        restore: Callable[[], None] | None = None,
        keeper: StepKeeper | None = None,
        interruption: Interruption,
        **arguments: Any,
    ) -> None:
        self.steps, self.done, self.restore = steps, done, restore
        self.keeper, self.interruption = keeper, interruption
        super().__init__(list(callbacks), model=model, steps=steps, **arguments)

    def on_train_begin(self, logs: Any = None) -> None:
        """Begin; from now on a signal waits for the end of the step."""
        super().on_train_begin(logs)
        self.interruption.deferring = self.keeper is not None

    def on_train_end(self, logs: Any = None) -> None:
        """End; the last epoch is saved, so a signal need not wait."""
        self._stop_if_interrupted()
        self.interruption.deferring = False
        super().on_train_end(logs)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin an epoch, perhaps in its middle."""
        self._stop_if_interrupted()
        super().on_epoch_begin(epoch, logs)
        if self.done and self.restore is not None:
            self.restore()
            _pass_over(self.model, self.done)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """End an epoch; the next one has all its steps before it."""
        self.done = 0
        super().on_epoch_end(epoch, logs)
        if self.keeper is not None:
            self.keeper.saved()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Begin a step that was not done before."""
        if batch >= self.done:
            super().on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """End a step that was not done before."""
        if batch >= self.done:
            super().on_train_batch_end(batch, logs)
            if self.keeper is not None:
                self.keeper.after_step(batch + 1, self.steps)

    def on_test_begin(self, logs: Any = None) -> None:
        """Begin to measure held-out images."""
        if self.keeper is not None:
            self.keeper.measuring_begins()
        super().on_test_begin(logs)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """End a batch of held-out images; nothing of them is saved."""
        super().on_test_batch_end(batch, logs)
        self._stop_if_interrupted()

    def on_test_end(self, logs: Any = None) -> None:
        """End measuring held-out images."""
        super().on_test_end(logs)
        if self.keeper is not None:
            self.keeper.measuring_ends()

    def _stop_if_interrupted(self):
        if self.interruption.pending is not None:
            self.interruption.stop()


def _pass_over(model: Any, steps: int) -> None:
    """Let the model train nothing in its next steps, and take a batch from the feed for each."""
    backend, train = keras.backend.backend(), model.train_function
    # Keras takes the metrics at the end of the epoch only if the last step had their names.
    names, left = dict(model.get_metrics_result()), steps

    def passed(*arguments):
        nonlocal left
        left -= 1
        if not left:
            model.train_function = train
        if backend != "torch":  # It has taken the batch already.
            next(arguments[-1])
        return (names, arguments[0]) if backend == "jax" else names

    model.train_function = passed
