"""Trainings of two stages that are killed at the end of an epoch, before its checkpoint, and resumed."""

import keras
import numpy as np

from tests import tiny

EPOCHS, BATCH_SIZE = (2, 2), 20


class Killed(Exception):
    """Ends a training as a crash would."""


class KillAfter(keras.callbacks.Callback):
    """Raises at the end of an epoch, after all callbacks before it."""

    def __init__(self, epoch):
        super().__init__()
        self.last = epoch

    def on_epoch_end(self, epoch, logs=None):
        if epoch == self.last:
            raise Killed


class KillAtStageEnd(keras.callbacks.Callback):
    """Raises when the first stage ends, after all callbacks before it."""

    def on_train_end(self, logs=None):
        raise Killed


def train(make_callbacks, folder, *, kill=(), resume=False, **recipe):
    """Trains a new model with new callbacks; returns model, history and callbacks."""
    model = tiny.model(**{"epochs": EPOCHS, "batch_size": BATCH_SIZE, **recipe})
    callbacks = make_callbacks()
    try:
        history = model.fit(
            tiny.dataset(),
            callbacks=[*callbacks, *kill],
            checkpoint=folder,
            resume=resume,
            validate=False,
            verbose=0,
        )
    except Killed:
        history = None
    return model, history, callbacks


def undisturbed_and_resumed(make_callbacks, tmp_path, kill, prepare=lambda name: None, **recipe):
    """Trains once without a kill and once with it; `prepare` is called with the name of each training first."""
    prepare("whole")
    whole = train(make_callbacks, tmp_path / "whole", **recipe)
    prepare("killed")
    assert train(make_callbacks, tmp_path / "killed", kill=[kill], **recipe)[1] is None
    resumed = train(make_callbacks, tmp_path / "killed", resume=True, **recipe)
    assert_same(whole, resumed)
    return whole, resumed


def assert_same(one, other):
    """Asserts that two trainings have the same epochs, history and weights."""
    assert one[1].epoch == other[1].epoch
    assert one[1].history == other[1].history
    for a, b in zip(tiny.weights(one[0]), tiny.weights(other[0]), strict=True):
        np.testing.assert_array_equal(a, b)


def rising():
    """A callback that logs a quantity `rising`, which gets worse in every epoch."""
    return keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(rising=float(epoch)))
