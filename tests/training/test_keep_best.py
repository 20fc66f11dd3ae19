"""The best epoch on held-out images is kept, and a stage without improvement ends."""

import keras
import numpy as np
import pytest

from ltzoo.metrics import evaluate
from ltzoo.training import ResumeError
from ltzoo.training.keep_best import KeepBest, kept_epochs
from tests import tiny
from tests.training.stopped import SignalAt, assert_goes_on

pytestmark = pytest.mark.rotating(3)

EPOCHS = (6,)


def train(
    folder=None, callbacks=(), ema=None, keep="best:balanced", epochs=EPOCHS, name="cross_entropy", **fit
):
    more = {} if ema is None else {"ema": ema}
    model = tiny.model(name, epochs=epochs, learning_rate=0.5, **more)
    history = model.fit(
        tiny.dataset(), callbacks=list(callbacks), keep=keep, checkpoint=folder, verbose=0, **fit
    )
    return model, history


@pytest.mark.parametrize("keep", ["best:balanced", "best:top1", "best:nll"])
@pytest.mark.parametrize("ema", [None, 0.9])
def test_the_model_is_that_of_the_best_epoch(keep, ema):
    model, history = train(keep=keep, ema=ema)
    (kept,) = history.kept
    columns = history.history
    ranks = {
        "best:balanced": [
            (b, -n) for b, n in zip(columns["val_balanced_accuracy"], columns["val_nll"], strict=True)
        ],
        "best:top1": [(a, -n) for a, n in zip(columns["val_accuracy"], columns["val_nll"], strict=True)],
        "best:nll": [(-n,) for n in columns["val_nll"]],
    }[keep]
    assert kept["epoch"] == 1 + ranks.index(max(ranks)) and kept["epochs"] == 6
    result = evaluate(model, tiny.dataset().val)
    assert result.top1 == pytest.approx(kept["accuracy"], abs=1e-6)
    assert result.nll == pytest.approx(kept["nll"], rel=1e-4)


def test_the_last_epoch_stays_by_default():
    model, history = train(keep="last")
    assert history.kept == [] and "val_nll" not in history.history
    assert evaluate(model, tiny.dataset().val).top1 == pytest.approx(history.history["val_accuracy"][-1])


def test_averages_are_measured_and_the_weights_come_back():
    """What is measured after the last epoch is what the model ends with; the steps are those without measuring."""
    model, history = train(keep="last", ema=0.9)
    assert evaluate(model, tiny.dataset().val).top1 == pytest.approx(history.history["val_accuracy"][-1])
    blind, unmeasured = train(keep="last", ema=0.9, validate=False)
    for a, b in zip(tiny.weights(model), tiny.weights(blind), strict=True):
        np.testing.assert_array_equal(a, b)
    assert unmeasured.history["loss"] == history.history["loss"]


def rank(balanced, nll):
    return {"balanced_accuracy": balanced, "accuracy": 0.5, "nll": nll, "loss": 1.0}


def test_patience_counts_epochs_without_improvement():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    kept = KeepBest(model, patience=2)
    kept.set_model(model)
    stopped = []
    model.stop_training = False
    measured = [(0.5, 1.0), (0.5, 0.9), (0.4, 0.1), (0.6, 2.0), (0.6, 2.0), (0.6, 2.1)]
    for epoch, logs in enumerate(measured):
        kept.on_test_end(rank(*logs))
        kept.on_epoch_end(epoch)
        stopped.append(model.stop_training)
    assert stopped == [False] * 5 + [True] and kept.best == [0.6, -2.0] and kept.weights is None


def test_nothing_but_nan_is_never_better_than_a_number():
    kept = KeepBest(keras.Sequential(), "best:nll")
    kept.on_test_end(rank(0.1, 3.0))
    kept.on_test_end(rank(0.9, float("nan")))
    assert kept.best == [-3.0]


def test_patience_ends_each_stage_and_the_next_begins():
    model = tiny.model("gcl", epochs=(8, 8), learning_rate=(1e-9, 1e-9))
    history = model.fit(tiny.dataset(), patience=2, verbose=0)
    stages = history.history["stage"]
    assert {1.0, 2.0} == set(stages) and len(stages) < 16
    assert [entry["epochs"] for entry in history.kept] == [stages.count(1.0), stages.count(2.0)]


@pytest.mark.parametrize("epoch, step", [(2, 1), (4, 4)])
def test_an_interrupted_training_keeps_the_same_epoch(tmp_path, epoch, step):
    make = lambda: tiny.model("cross_entropy", epochs=EPOCHS, learning_rate=0.5, ema=0.9)  # noqa: E731
    assert_goes_on(make, tmp_path, epoch, step, keep="best:balanced", patience=5)


def test_a_finished_training_still_knows_what_it_kept(tmp_path):
    _, history = train(tmp_path)
    _, again = train(tmp_path, resume=True)
    assert again.kept == history.kept != []


def test_another_choice_cannot_resume(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, [SignalAt(1, 1)])
    with pytest.raises(ResumeError, match="another keep"):
        train(tmp_path, keep="last", resume=True)


def test_the_kept_epochs_of_a_history():
    history = {
        "stage": [1, 1, 1, 2, 2],
        "val_balanced_accuracy": [0.2, 0.5, 0.5, 0.7, 0.6],
        "val_accuracy": [0.9, 0.8, 0.7, 0.6, 0.5],
        "val_nll": [1.0, 0.9, 0.8, 0.7, 0.6],
    }
    assert [entry["epoch"] for entry in kept_epochs(history, "best:balanced")] == [3, 1]
    assert [entry["epoch"] for entry in kept_epochs(history, "best:top1")] == [1, 1]
    assert [entry["epoch"] for entry in kept_epochs(history, "last")] == [3, 2]
    assert kept_epochs({"stage": [1], "loss": [0.1]}, "best:nll") == []


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"keep": "best"}, "`keep` must be one of"),
        ({"keep": 1}, "`keep` must be one of"),
        ({"patience": 0}, "`patience`"),
        ({"patience": 1.5}, "`patience`"),
        ({"patience": True}, "`patience`"),
        ({"patience": 2, "validate": False}, "need held-out images"),
    ],
)
def test_wrong_choices_are_refused(wrong, words):
    with pytest.raises((TypeError, ValueError), match=words):
        tiny.model("cross_entropy").fit(tiny.dataset(), **wrong)
    with pytest.raises(ValueError, match="need held-out images"):
        tiny.model("cross_entropy").fit(tiny.dataset(val=False), keep="best:nll")
