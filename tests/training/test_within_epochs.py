"""An interrupted training goes on at the step, to the same weights, bit for bit."""

import os
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest

from ltzoo.training import ResumeError, Terminated
from ltzoo.training.callbacks import EpochSeconds
from ltzoo.training.checkpoint import Checkpoint
from ltzoo.training.fit import identity
from tests import tiny
from tests.training.stopped import Batches, SignalAt, assert_goes_on
from tests.training.test_resume import ROOT

OTHER_PROCESSES = True  # See tests/conftest.py.

pytestmark = pytest.mark.rotating(4)

FLIPS = [{"name": "pad_crop_flip", "padding": 1}]
EMA = {"name": "sgd", "momentum": 0.9, "use_ema": True, "ema_momentum": 0.9}


@pytest.mark.parametrize("epoch, step", [(0, 0), (1, 2), (1, 4), (2, 1), (3, 4)])
def test_two_stages_with_mixup_stop_anywhere(tmp_path, epoch, step):
    """The first step, the middle, and the last step, after which held-out images are measured; in both stages."""
    assert_goes_on(lambda: tiny.model(mixup_alpha=1.0), tmp_path, epoch, step)


@pytest.mark.parametrize(
    "recipe, settings",
    [
        ("paco", {}),
        ("bbn", {}),
        ("weight_balancing", {}),
        ("cross_entropy", {"optimizer": EMA}),
        ("cross_entropy", {"augment_on": "device", "augmentation": FLIPS, "mixup_alpha": 1.0}),
        ("cross_entropy", {"optimizer": {"name": "orthogonal_sgd"}}),
        ("class_balanced_focal", {"sampler": {"strategy": "class_balanced"}}),
    ],
)
def test_queues_averages_and_random_layers_go_on(tmp_path, recipe, settings):
    assert_goes_on(lambda: tiny.model(recipe, **settings), tmp_path, 1, 1)


def test_cached_features_go_on(tmp_path):
    frozen = {"trainable": "head", "batch_norm": "frozen", "cache_features": True, "augmentation": []}
    assert_goes_on(lambda: tiny.model("cross_entropy", **frozen), tmp_path, 1, 3)


def test_batches_prepared_ahead_go_on(tmp_path):
    assert_goes_on(lambda: tiny.model("cross_entropy", epochs=(3,)), tmp_path, 1, 2, workers=3)


def test_stock_callbacks_go_on(tmp_path):
    def train(folder, kill=(), resume=False):
        model = tiny.model("cross_entropy")
        stop = keras.callbacks.EarlyStopping("val_loss", patience=5, restore_best_weights=True)
        log = keras.callbacks.CSVLogger(tmp_path / f"{folder}.csv")
        watched = [stop, log, keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None), *kill]
        model.fit(tiny.dataset(), callbacks=watched, checkpoint=tmp_path / folder, resume=resume, verbose=0)
        return tiny.weights(model), stop.best

    weights, best = train("whole")
    with pytest.raises(KeyboardInterrupt):
        train("killed", [SignalAt(1, 2)])
    again, best_again = train("killed", resume=True)
    assert best == best_again
    for a, b in zip(weights, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert (tmp_path / "whole.csv").read_text() == (tmp_path / "killed.csv").read_text()


VICTIM = """
import os, signal, sys
from tests import tiny
from tests.training.stopped import SignalAt

model = tiny.model(mixup_alpha=1.0)
model.fit(
    tiny.dataset(), callbacks=[SignalAt(1, 3, signal.SIGKILL)], checkpoint=sys.argv[1], checkpoint_seconds=1e-6,
    verbose=0, seed=7,
)
"""


def test_a_killed_process_goes_on_from_the_last_save(tmp_path, monkeypatch):
    monkeypatch.setattr("ltzoo.training.step_keeper._LARGEST_SHARE", 1e9)
    victim = "import ltzoo.training.step_keeper as k; k._LARGEST_SHARE = 1e9\n" + VICTIM
    done = subprocess.run(
        [sys.executable, "-c", victim, str(tmp_path)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    batches, model = Batches(), tiny.model(mixup_alpha=1.0)
    model.fit(tiny.dataset(), callbacks=[batches], checkpoint=tmp_path, resume=True, verbose=0, seed=7)
    assert batches.numbers[0] == (1, 3)
    whole = tiny.model(mixup_alpha=1.0)
    whole.fit(tiny.dataset(), verbose=0, seed=7)
    for a, b in zip(tiny.weights(model), tiny.weights(whole), strict=True):
        np.testing.assert_array_equal(a, b)


def test_sigterm_saves_and_ends_with_its_code(tmp_path):
    with pytest.raises(Terminated) as ended:
        tiny.model("cross_entropy").fit(
            tiny.dataset(), callbacks=[SignalAt(0, 1, signal.SIGTERM)], checkpoint=tmp_path, verbose=0
        )
    assert ended.value.code == 143 and ended.value.said == "step 2 of 5"
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert (tmp_path / "state.step.npz").is_file()


def test_a_second_ctrl_c_stops_at_once(tmp_path):
    class Twice(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            os.kill(os.getpid(), signal.SIGINT)
            self.first = True
            os.kill(os.getpid(), signal.SIGINT)
            self.second = True

    twice = Twice()
    with pytest.raises(KeyboardInterrupt):
        tiny.model("cross_entropy").fit(tiny.dataset(), callbacks=[twice], checkpoint=tmp_path, verbose=0)
    assert twice.first and not hasattr(twice, "second")
    assert not (tmp_path / "state.step.npz").exists()
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler


def test_without_a_checkpoint_ctrl_c_stops_at_once():
    batches = Batches()
    with pytest.raises(KeyboardInterrupt):
        tiny.model("cross_entropy").fit(tiny.dataset(), callbacks=[SignalAt(0, 1), batches], verbose=0)
    assert batches.numbers == [(0, 0)]


def test_ctrl_c_while_held_out_images_are_measured_repeats_only_that(tmp_path):
    class InTest(keras.callbacks.Callback):
        def on_test_batch_begin(self, batch, logs=None):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        tiny.model("cross_entropy").fit(tiny.dataset(), callbacks=[InTest()], checkpoint=tmp_path, verbose=0)
    batches, model = Batches(), tiny.model("cross_entropy")
    history = model.fit(tiny.dataset(), callbacks=[batches], checkpoint=tmp_path, resume=True, verbose=0)
    assert batches.numbers[0] == (1, 0)
    whole = tiny.model("cross_entropy")
    assert whole.fit(tiny.dataset(), verbose=0).history == history.history
    for a, b in zip(tiny.weights(model), tiny.weights(whole), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_seconds_of_a_resumed_epoch_are_those_of_both_parts(tmp_path):
    class Slow(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            import time

            time.sleep(0.1)

    def train(*more, **fit):
        return tiny.model("cross_entropy").fit(
            tiny.dataset(), callbacks=[EpochSeconds(), Slow(), *more], checkpoint=tmp_path, verbose=0, **fit
        )

    with pytest.raises(KeyboardInterrupt):
        train(SignalAt(1, 3))
    assert train(resume=True).history["seconds"][1] >= 0.5


@pytest.fixture
def stopped(tmp_path):
    """A checkpoint with a state within the second epoch."""
    with pytest.raises(KeyboardInterrupt):
        tiny.model("cross_entropy").fit(
            tiny.dataset(), callbacks=[SignalAt(1, 2)], checkpoint=tmp_path, verbose=0
        )
    return tmp_path


def test_a_damaged_state_within_an_epoch_is_said_and_the_epoch_repeated(stopped):
    (stopped / "state.step.npz").write_bytes(b"half a file")
    batches = Batches()
    with pytest.warns(UserWarning, match=r"state\.step\.npz"):
        tiny.model("cross_entropy").fit(
            tiny.dataset(), callbacks=[batches], checkpoint=stopped, resume=True, verbose=0
        )
    assert batches.numbers[0] == (1, 0)


def test_damaged_ends_of_epochs_are_said_and_the_state_within_is_used(stopped):
    (stopped / "state.npz").write_bytes(b"half a file")
    batches = Batches()
    with pytest.warns(UserWarning, match="only"):
        tiny.model("cross_entropy").fit(
            tiny.dataset(), callbacks=[batches], checkpoint=stopped, resume=True, verbose=0
        )
    assert batches.numbers[0] == (1, 3)


def test_a_state_older_than_the_last_epoch_is_not_used(stopped):
    old = (stopped / "state.step.npz").read_bytes()
    model = tiny.model("cross_entropy")
    model.fit(tiny.dataset(), checkpoint=stopped, resume=True, verbose=0)
    (stopped / "state.step.npz").write_bytes(old)  # As if the process had been killed before it was removed.
    state = Checkpoint(stopped, identity(model, 0)).load()
    assert state["epochs_done"] == 2 and state["step"] == 0


def test_a_step_that_the_epoch_does_not_have_is_refused(stopped):
    more = tiny.dataset()
    model = tiny.model("cross_entropy")
    store = Checkpoint(stopped, identity(model, 0))
    state = store.load()
    model.set_stage(0, 5)
    import ltzoo.training.callbacks as callbacks

    store.save(
        model, model.optimizer, stage=0, epochs_done=1, step=6,
        history=callbacks.StagedHistory(state["epoch"], state["history"]),
    )  # fmt: skip
    with pytest.raises(ResumeError, match="within an epoch of 5 steps"):
        tiny.model("cross_entropy").fit(more, checkpoint=stopped, resume=True, verbose=0)


@pytest.mark.parametrize("wrong", [0, -1.0, "60", None, float("nan")])
def test_wrong_times_between_saves_are_refused(wrong):
    with pytest.raises((TypeError, ValueError), match="checkpoint_seconds"):
        tiny.model("cross_entropy").fit(tiny.dataset(), checkpoint_seconds=wrong)
