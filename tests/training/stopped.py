"""Trainings that are interrupted at a step, and resumed there."""

import os
import signal

import keras
import numpy as np
import pytest

from tests import tiny


class SignalAt(keras.callbacks.Callback):
    """Sends a signal to the process in the middle of a step of an epoch, counted over all stages."""

    def __init__(self, epoch, step, number=signal.SIGINT):
        super().__init__()
        self.where, self.number = (epoch, step), number

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if (self.epoch, batch) == self.where:
            os.kill(os.getpid(), self.number)


class Batches(keras.callbacks.Callback):
    """Writes down the batches that it sees, and remembers how many."""

    remembers = ("seen",)

    def __init__(self):
        super().__init__()
        self.seen, self.numbers = 0, []

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        self.seen += 1
        self.numbers.append((self.epoch, batch))


def assert_goes_on(make, folder, epoch, step, dataset=None, **fit):
    """Trains once without a stop; and once stopped by Ctrl-C after a step, and resumed; and compares them."""
    dataset = tiny.dataset() if dataset is None else dataset
    fit = {"verbose": 0, "seed": 7, **fit}
    whole, whole_batches = make(), Batches()
    expected = whole.fit(dataset, callbacks=[whole_batches], checkpoint=folder / "whole", **fit)
    before, stopped = Batches(), make()
    with pytest.raises(KeyboardInterrupt, match=f"step {step + 1} of"):
        stopped.fit(dataset, callbacks=[before, SignalAt(epoch, step)], checkpoint=folder / "stopped", **fit)
    assert before.numbers[-1] == (epoch, step)
    assert (folder / "stopped" / "state.step.npz").is_file()
    resumed, after = make(), Batches()
    history = resumed.fit(dataset, callbacks=[after], checkpoint=folder / "stopped", resume=True, **fit)
    assert before.numbers + after.numbers == whole_batches.numbers
    assert after.seen == whole_batches.seen, (after.seen, whole_batches.seen, before.seen)
    assert history.epoch == expected.epoch and history.history == expected.history
    for a, b in zip(tiny.weights(resumed), tiny.weights(whole), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not (folder / "stopped" / "state.step.npz").exists()
