"""Which callbacks `fit(dataset)` takes, which it refuses before the first step, and how often they begin and end."""

import keras
import pytest

from tests import tiny
from tests.training.interrupted import KillAfter, train, undisturbed_and_resumed

pytestmark = pytest.mark.rotating(3)

REFUSED = [
    (lambda: keras.callbacks.ReduceLROnPlateau(monitor="loss"), r"schedule.*ltzoo"),
    (lambda: keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate), r"schedule.*ltzoo"),
    (lambda: keras.callbacks.BackupAndRestore("backup"), "checkpoint=.*resume=True"),
    (lambda: keras.callbacks.SwapEMAWeights(), "use_ema"),
]


@pytest.mark.parametrize("make, words", REFUSED)
@pytest.mark.parametrize("wrap", [lambda callback: callback, lambda callback: [[callback]]])
def test_callbacks_that_cannot_work_with_stages_are_refused_before_training(make, words, wrap):
    model = tiny.model()
    before = tiny.weights(model)
    with pytest.raises(ValueError, match=f"(?s){words}.*Received: "):
        model.fit(tiny.dataset(), callbacks=wrap(make()), verbose=0)
    assert all((a == b).all() for a, b in zip(before, tiny.weights(model), strict=True))


def test_subclasses_are_refused_too():
    class Own(keras.callbacks.ReduceLROnPlateau):
        pass

    with pytest.raises(ValueError, match=r"ReduceLROnPlateau: .*Received: callbacks with a Own"):
        tiny.model().fit(tiny.dataset(), callbacks=[Own()], verbose=0)


@pytest.mark.parametrize(
    "callbacks, named",
    [
        ("x", "callbacks='x'"),
        (["x"], r"callbacks\[0\]='x'"),
        ([keras.callbacks.TerminateOnNaN], "call the class to make one"),
        ([[], [None]], r"callbacks\[1\]\[0\]=None"),
        ({}, "callbacks={}"),
        (5, "callbacks=5"),
    ],
)
def test_what_is_no_callback_is_named(callbacks, named):
    with pytest.raises(TypeError, match=named):
        tiny.model().fit(tiny.dataset(), callbacks=callbacks, verbose=0)


def _forms(callback):
    nested = keras.callbacks.CallbackList([callback])
    return {"single": callback, "tuple": (callback,), "list in list": [[callback]], "CallbackList": nested}


@pytest.mark.parametrize("form", ["single", "tuple", "list in list", "CallbackList"])
def test_callbacks_in_every_form(form):
    epochs = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch))
    tiny.model("cross_entropy").fit(tiny.dataset(), callbacks=_forms(callback)[form], verbose=0)
    assert epochs == [0, 1]


def test_no_callbacks():
    assert tiny.model("cross_entropy").fit(tiny.dataset(), callbacks=None, verbose=0).epoch == [0, 1]


class Own(keras.callbacks.Callback):
    """Counts its begins and ends, and what it remembers."""

    remembers = ("epochs", "notes")

    def __init__(self, one_training=False):
        super().__init__()
        self.one_training, self.epochs, self.notes, self.calls, self.total = one_training, 0, {}, [], []

    def on_train_begin(self, logs=None):
        self.calls.append("begin")
        self.total.append(self.params["epochs"])

    def on_epoch_end(self, epoch, logs=None):
        self.epochs += 1
        self.notes[str(epoch)] = int(logs["stage"])

    def on_train_end(self, logs=None):
        self.calls.append("end")


@pytest.mark.parametrize("one_training", [False, True])
@pytest.mark.parametrize("epoch", [1, 2])
def test_callbacks_of_the_user_begin_and_remember(tmp_path, one_training, epoch):
    whole, resumed = undisturbed_and_resumed(lambda: [Own(one_training)], tmp_path, KillAfter(epoch))
    stages = 1 if one_training else 2
    assert whole[2][0].calls == ["begin", "end"] * stages
    assert whole[2][0].total == ([4] if one_training else [2, 4])
    for _, _, (callback,) in (whole, resumed):
        assert callback.epochs == 4
        assert callback.notes == {"0": 1, "1": 1, "2": 2, "3": 2}


def test_what_cannot_be_remembered_is_named(tmp_path):
    callback = Own()
    callback.notes = object()
    callback.on_epoch_end = lambda epoch, logs=None: None
    with pytest.raises(TypeError, match=r"Own.notes.*Received: notes=<object"):
        train(lambda: [callback], tmp_path)


def test_stock_callbacks_begin_and_end_once_and_see_all_epochs(tmp_path):
    def make():
        calls = []
        callback = keras.callbacks.LambdaCallback(
            on_train_begin=lambda logs: calls.append("begin"),
            on_epoch_begin=lambda epoch, logs: calls.append(epoch),
            on_train_end=lambda logs: calls.append("end"),
        )
        callback.calls = calls
        return [callback, keras.callbacks.History()]

    whole, resumed = undisturbed_and_resumed(make, tmp_path, KillAfter(2))
    assert whole[2][0].calls == ["begin", 0, 1, 2, 3, "end"]
    assert whole[2][1].epoch == [0, 1, 2, 3]
    assert resumed[2][0].calls == ["begin", 2, 3, "end"]


def test_stopping_from_any_callback_ends_the_stage():
    model = tiny.model(epochs=(3, 2), stage1={"cloud": None}, stage2={"cloud": None})

    def stop(epoch, logs):
        model.stop_training = epoch in (0, 3)

    history = model.fit(
        tiny.dataset(), callbacks=keras.callbacks.LambdaCallback(on_epoch_end=stop), verbose=0
    )
    assert history.epoch == [0, 3]
