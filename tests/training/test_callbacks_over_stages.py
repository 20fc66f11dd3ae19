"""Keras's stock callbacks over two stages: undisturbed, killed, resumed."""

import csv
import warnings

import keras
import numpy as np
import pytest

from ltzoo.training import NonFiniteLossError
from ltzoo.training.stage_callbacks import check_callbacks
from tests import tiny
from tests.training.interrupted import (
    KillAfter,
    KillAtStageEnd,
    assert_same,
    rising,
    train,
    undisturbed_and_resumed,
)

pytestmark = pytest.mark.rotating(3)

STEPS = 2  # of an epoch
CACHED = {
    "augmentation": [],
    "stage1": {"cloud": None},
    "stage2": {"cache_features": True, "cloud": None},
}


def _rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("epoch, append", [(1, False), (3, True)])
def test_csv_logger_has_a_line_for_every_epoch(tmp_path, epoch, append):
    log = tmp_path / "log.csv"

    def prepare(name):
        log.unlink(missing_ok=True)

    def make():
        return [keras.callbacks.CSVLogger(str(log), append=append)]

    whole, resumed = undisturbed_and_resumed(make, tmp_path, KillAfter(epoch), prepare)
    rows = _rows(log)
    assert [int(row["epoch"]) for row in rows] == whole[1].epoch == [0, 1, 2, 3]
    assert [row["stage"] for row in rows] == ["1", "1", "2", "2"]
    np.testing.assert_allclose([float(row["loss"]) for row in rows], whole[1].history["loss"])
    assert resumed[2][0].append is append


def test_csv_logger_appends_to_another_training(tmp_path):
    log = tmp_path / "log.csv"
    for name in ("first", "second"):
        train(lambda: [keras.callbacks.CSVLogger(str(log), append=True)], tmp_path / name)
    assert [int(row["epoch"]) for row in _rows(log)] == [0, 1, 2, 3, 0, 1, 2, 3]


def _stopping(**settings):
    return lambda: [rising(), keras.callbacks.EarlyStopping("rising", mode="min", **settings)]


def test_early_stopping_ends_its_stage_and_the_next_one_begins(tmp_path):
    _, history, (_, stopper) = train(_stopping(patience=1), tmp_path, epochs=(4, 4))
    assert history.epoch == [0, 1, 4, 5]
    assert history.history["stage"] == [1, 1, 2, 2]
    assert stopper.best == 4.0 and stopper.stopped_epoch == 5


@pytest.mark.parametrize(
    "settings, epochs",
    [
        ({"patience": 1, "start_from_epoch": 1}, [0, 1, 2, 4, 5]),
        ({"patience": 1, "baseline": -1.0}, [0, 1, 4, 5]),
        ({"patience": 9}, [0, 1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_settings_of_early_stopping(tmp_path, settings, epochs):
    assert train(_stopping(**settings), tmp_path, epochs=(4, 4))[1].epoch == epochs


class Kernels(keras.callbacks.Callback):
    """Keeps the head's kernel at the begin of every epoch and at its end."""

    def __init__(self):
        super().__init__()
        self.begin, self.end = {}, {}

    def on_epoch_begin(self, epoch, logs=None):
        self.begin[epoch] = np.array(keras.ops.convert_to_numpy(self.model.head.kernel))

    def on_epoch_end(self, epoch, logs=None):
        self.end[epoch] = np.array(keras.ops.convert_to_numpy(self.model.head.kernel))


def test_best_weights_are_those_of_the_stage(tmp_path):
    def make():
        return [*_stopping(patience=1, restore_best_weights=True)(), Kernels()]

    recipe = {"epochs": (4, 4), "stage2": {"reinitialize_head": False}}
    model, history, (_, _, seen) = train(make, tmp_path, **recipe)
    assert history.epoch == [0, 1, 4, 5]
    np.testing.assert_array_equal(seen.begin[4], seen.end[0])
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(model.head.kernel), seen.end[4])


@pytest.mark.parametrize(
    "kill, restore", [(KillAfter(1), True), (KillAfter(4), False), (KillAtStageEnd(), True)]
)
def test_early_stopping_remembers_when_it_resumes(tmp_path, restore, kill):
    """Killed before the checkpoint of an epoch, and after it but before the stage has ended."""
    make = _stopping(patience=2, restore_best_weights=restore)
    whole, _ = undisturbed_and_resumed(make, tmp_path, kill, epochs=(4, 3))
    assert whole[1].epoch == [0, 1, 2, 4, 5, 6]


@pytest.mark.parametrize(
    "which, epochs, restore",
    [("cross_entropy", (5,), True), ("gcl", (1, 4), False), ("gcl", (4, 4), True)],
)
def test_a_training_that_was_ended_has_ended(tmp_path, which, epochs, restore):
    def make():
        return _stopping(patience=1, restore_best_weights=restore)()

    def run(resume):
        model, begun = tiny.model(which, epochs=epochs, batch_size=20), []
        watch = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: begun.append(1))
        callbacks = [watch] if resume else [*make(), watch]
        history = model.fit(
            tiny.dataset(), callbacks=callbacks, checkpoint=tmp_path, resume=resume, verbose=0
        )
        return model, history, begun

    ended, again = run(False), run(True)
    assert len(ended[1].epoch) < sum(epochs)
    assert_same(ended, again)
    assert ended[2] == [1] and again[2] == []


def test_model_checkpoint_counts_epochs_over_stages(tmp_path):
    def make():
        return [keras.callbacks.ModelCheckpoint(tmp_path / "{epoch:02d}.weights.h5", save_weights_only=True)]

    model, *_ = train(make, tmp_path / "run")
    assert sorted(path.name[:2] for path in tmp_path.glob("*.h5")) == ["01", "02", "03", "04"]
    loaded = tiny.model()
    loaded.load_weights(tmp_path / "04.weights.h5")
    np.testing.assert_array_equal(*(np.asarray(m.backbone.get_weights()[0]) for m in (loaded, model)))


@pytest.mark.parametrize("epoch", [1, 2])
def test_model_checkpoint_keeps_the_best_over_stages_and_resumes(tmp_path, epoch):
    saved = []

    class Best(keras.callbacks.ModelCheckpoint):
        def set_model(self, model):
            super().set_model(model)
            model.save_weights = lambda filepath, **_: saved.append(self._current_epoch)

    def make():
        values = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: logs.update(quality=(1.0, 4.0, 2.0, 3.0)[epoch])
        )
        best = {"monitor": "quality", "mode": "max", "save_best_only": True, "save_weights_only": True}
        return [values, Best(tmp_path / "best.weights.h5", **best)]

    whole, resumed = undisturbed_and_resumed(make, tmp_path, KillAfter(epoch))
    assert whole[2][1].best == resumed[2][1].best == 4.0
    assert saved == [0, 1] + [0, 1] + ([1] if epoch == 1 else [])


@pytest.mark.parametrize("recipe", [{}, CACHED], ids=["images", "cached features"])
def test_model_checkpoint_saves_the_classifier_in_every_stage(tmp_path, recipe):
    def make():
        return [keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras")]

    model, *_ = train(make, tmp_path / "run", **recipe)
    images = tiny.dataset().test.load(np.arange(6))
    loaded = keras.saving.load_model(tmp_path / "4.keras")
    np.testing.assert_allclose(
        loaded.predict_on_batch(images), model.predict_on_batch(images), rtol=1e-5, atol=1e-5
    )


def test_callbacks_of_a_stage_with_cached_features_reach_the_head(tmp_path):
    """They see its weights within an epoch, and they can end it."""
    model = tiny.model(epochs=(1, 3), **CACHED)
    norms = []

    def look(batch, logs):
        model.jax_state_sync() if keras.backend.backend() == "jax" else None
        norms.append(float(np.abs(keras.ops.convert_to_numpy(model.head.kernel)).sum()))

    def stop(epoch, logs):
        model.stop_training = epoch == 2

    callback = keras.callbacks.LambdaCallback(on_train_batch_end=look, on_epoch_end=stop)
    history = model.fit(tiny.dataset(), callbacks=callback, checkpoint=tmp_path, verbose=0)
    assert history.epoch == [0, 1, 2]
    assert len(set(norms)) == len(norms)


def test_model_checkpoint_on_losses_of_different_kinds_is_said():
    recipe = tiny.recipe(epochs=(1, 1), stage2={"loss": {"name": "focal"}})
    callback = keras.callbacks.ModelCheckpoint("best.keras", save_best_only=True)
    with pytest.warns(UserWarning, match="monitor 'val_accuracy' instead.*Received: ModelCheckpoint"):
        check_callbacks(callback, recipe)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        callback = keras.callbacks.ModelCheckpoint("best.keras", monitor="val_accuracy", save_best_only=True)
        assert check_callbacks(callback, recipe) == [callback]
    assert callback.mode == "max"


@pytest.mark.parametrize("raises", [False, True])
def test_terminate_on_nan_leaves_the_last_good_checkpoint(tmp_path, raises):
    class Poison(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 3:
                kernel = self.model.head.kernel
                kernel.assign(np.full(kernel.shape, np.nan, "float32"))

    model = tiny.model(batch_size=20)
    with pytest.raises(RuntimeError if raises else NonFiniteLossError):
        model.fit(
            tiny.dataset(),
            callbacks=[Poison(), keras.callbacks.TerminateOnNaN(raise_error=raises)],
            checkpoint=tmp_path,
            validate=False,
            verbose=0,
        )
    resumed = train(lambda: [keras.callbacks.TerminateOnNaN()], tmp_path, resume=True)
    assert_same(train(lambda: [], tmp_path / "whole"), resumed)


def test_remote_monitor_gets_every_epoch_once(tmp_path, monkeypatch):
    requests = pytest.importorskip("requests")
    sent = []
    monkeypatch.setattr(requests, "post", lambda address, json, headers: sent.append(json["epoch"]))

    def make():
        return [keras.callbacks.RemoteMonitor(send_as_json=True)]

    undisturbed_and_resumed(make, tmp_path, KillAfter(2))
    assert sent == [0, 1, 2, 3, 0, 1, 2, 2, 3]


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_averaged_weights_resume(tmp_path, swap_on_epoch):
    optimizer = {"name": "adam", "use_ema": True}

    def make():
        return [keras.callbacks.SwapEMAWeights(swap_on_epoch=swap_on_epoch)]

    undisturbed_and_resumed(make, tmp_path, KillAfter(1), optimizer=optimizer)


def test_tensor_board_counts_on(tmp_path):
    tf = pytest.importorskip("tensorflow")
    pytest.importorskip("tensorboard")

    def make():
        return [keras.callbacks.TensorBoard(tmp_path / "board", update_freq=1)]

    def steps(tag):
        found = []
        for file in sorted((tmp_path / "board" / "train").glob("events*")):
            for event in tf.compat.v1.train.summary_iterator(str(file)):
                found += [event.step for value in event.summary.value if value.tag == tag]
        return found

    train(make, tmp_path / "run", kill=[KillAfter(2)])
    train(make, tmp_path / "run", resume=True)
    assert steps("epoch_loss") == [0, 1, 2, 2, 3]
    assert sorted(set(steps("batch_loss"))) == list(range(1, 4 * STEPS + 1))
