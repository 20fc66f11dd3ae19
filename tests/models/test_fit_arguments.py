"""Weights and numbers next to arrays, compilations by the user, and the alarms after Keras's own `fit`."""

import copy
import warnings

import keras
import numpy as np
import pytest

from ltzoo.training import NonFiniteLossError, TrainingAlarm
from tests import tiny

X = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 1)).astype("uint8")
Y = np.repeat(np.arange(3), 4)
ONES = np.ones(12)
WRONG = {
    "class_weight": [[1, 2, 3], np.ones(3), dict.fromkeys(range(4), 1.0)]
    + [{label: 1.0} for label in (3, -1, 0.5, "vertical")]
    + [{0: weight} for weight in (np.nan, np.inf, -1.0, None, "a", True)],
    "sample_weight": [ONES[:5], np.ones((12, 2)), -ONES, ONES * np.nan, 0 * ONES, ONES.astype(str)]
    + [[1.0], [[1.0], []]],
    "epochs": [-1, True, 1.5],
    "batch_size": [0, -1, True, 2.5],
    "steps_per_epoch": [0, 1.5],
    "validation_split": [1.0, 1.5, -0.1, np.nan],
    "validation_data": [(X,), X, [X, Y, ONES, ONES], tiny.dataset(), tiny.dataset().val],
}


@pytest.fixture(scope="module")
def model():
    return tiny.model("cross_entropy")


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments_are_refused_before_training(model, name):
    before = tiny.weights(model)
    for value in WRONG[name]:
        with pytest.raises(ValueError, match=f"^`{name}` must .*Received: "):
            model.fit(X, Y, verbose=0, **{name: value})
    for old, new in zip(before, tiny.weights(model), strict=True):
        np.testing.assert_array_equal(old, new)


def test_every_method_checks_weights(model):
    for method in (model.evaluate, model.train_on_batch, model.test_on_batch):
        with pytest.raises(ValueError, match="`sample_weight` must .*weight nan at position 0"):
            method(X, Y, sample_weight=ONES * np.nan)
    with pytest.raises(
        ValueError, match=r"`class_weight` must .*class_weight for 3, 1 weights for 3 classes"
    ):
        model.train_on_batch(X, Y, class_weight={3: 1.0})
    with pytest.raises(ValueError, match=r"`validation_data\[2\]` must .*weight nan"):
        model.fit(X, Y, validation_data=(X, Y, ONES * np.nan), verbose=0)
    for call in (lambda: model.evaluate(X, Y, batch_size=0), lambda: model.predict(X, batch_size=0)):
        with pytest.raises(
            ValueError, match="`batch_size` must be a positive integer. Received: batch_size=0"
        ):
            call()


def test_right_weights_train(model):
    for weights in (
        {"class_weight": {0: 1.0, np.int64(2): 3}},
        {"sample_weight": list(ONES)},
        {"class_weight": {}},
    ):
        history = model.fit(X, Y, verbose=0, batch_size=np.int64(12), validation_data=(X, Y, ONES), **weights)
        assert np.isfinite(history.history["loss"]).all()
    assert model.evaluate(X, Y, sample_weight=2 * ONES, verbose=0)[0] == pytest.approx(
        2 * model.evaluate(X, Y, verbose=0)[0], rel=1e-5
    )


def silent(call):
    with warnings.catch_warnings():
        warnings.simplefilter("error", TrainingAlarm)
        return call()


@pytest.mark.parametrize(
    ("loss", "labels"),
    [
        ("binary_crossentropy", np.ones((12, 3))),
        ("mse", np.linspace(-5, 90, 36).reshape(12, 3)),
        (
            keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255),
            np.where(Y > 1, 255, Y),
        ),
        (keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1), Y - 1),
    ],
    ids=["several", "numbers", "ignore_255", "ignore_minus_1"],
)
def test_other_losses_need_no_metrics_and_raise_no_alarm(loss, labels):
    model = tiny.model("cross_entropy")
    model.compile("sgd", loss)
    history = silent(lambda: model.fit(X, labels, batch_size=12, verbose=0))
    assert list(history.history) == ["loss"] and np.isfinite(history.history["loss"]).all()


def test_metrics_of_a_user_stay():
    model = tiny.model("cross_entropy")
    model.compile("sgd", keras.losses.BinaryCrossentropy(from_logits=True), metrics=["binary_accuracy"])
    model.compile("sgd", keras.losses.BinaryCrossentropy(from_logits=True))
    assert "binary_accuracy" in silent(lambda: model.fit(X, np.ones((12, 3)), verbose=0)).history


def test_a_stock_softmax_refuses_wrong_labels_in_batches():
    model = tiny.model("cross_entropy")
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    with pytest.raises((ValueError, NonFiniteLossError), match="Received: "):
        model.fit(((X, Y + 1) for _ in range(2)), steps_per_epoch=2, verbose=0)
    model.compile("sgd", keras.losses.CategoricalFocalCrossentropy(from_logits=True))
    with pytest.raises(ValueError, match="several labels"):
        model.fit(X, np.ones((12, 3)), verbose=0)


def test_labels_of_type_bool_are_refused_in_batches():
    model = tiny.model("cross_entropy")
    with pytest.raises(ValueError, match="`y_true` must be integers.*Received: y_true of type bool"):
        model.fit(((X, Y > 0) for _ in range(2)), steps_per_epoch=2, verbose=0)


def test_alarms_judge_labels_of_every_form_at_the_line_of_the_user(model):
    names = np.array(model.class_names)[Y]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for labels in (Y.tolist(), names, Y.astype("uint64"), keras.ops.convert_to_tensor(Y)):
            warnings.simplefilter("always", TrainingAlarm)
            with pytest.warns(TrainingAlarm, match="equal images") as caught:
                model.fit(np.zeros_like(X), labels, verbose=0)
            assert {w.filename for w in caught if w.category is TrainingAlarm} == {__file__}


def test_no_epochs_raise_no_alarm():
    assert silent(lambda: tiny.model("cross_entropy").fit(X, Y, epochs=0, verbose=0)).history == {}


def test_a_callback_list_is_watched_once(model):
    callbacks = keras.callbacks.CallbackList(add_history=True, model=model)
    counts = set()
    for _ in range(2):
        model.fit(X, Y, verbose=0, callbacks=callbacks)
        counts.add(len(callbacks.callbacks))
    assert counts == {2}


def test_a_copy_is_compiled_as_its_original():
    model = tiny.model("cross_entropy")
    model.fit(X, Y, verbose=0)
    twin = copy.deepcopy(model)
    assert twin.trains_plainly
    assert np.isfinite(twin.fit(X, Y, verbose=0).history["loss"]).all()


class Interrupt(keras.callbacks.Callback):
    """End a training between two steps, as Ctrl+C does."""

    def on_train_batch_end(self, batch, logs=None):
        raise KeyboardInterrupt


def test_a_model_is_usable_after_an_error():
    """Also where the optimizer is built already, so that JAX has moved all weights."""
    model = tiny.model("cross_entropy")
    model.fit(X, Y, verbose=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, verbose=0, callbacks=Interrupt())
    with pytest.raises(ValueError, match="Received: "):
        model.evaluate(((X, Y + 1) for _ in range(2)), steps=2, verbose=0)
    assert np.isfinite(model.predict(X, verbose=0)).all()
    assert np.isfinite(model.fit(X, Y, verbose=0).history["loss"]).all()
    with pytest.raises(KeyboardInterrupt):
        model.fit(tiny.dataset(), verbose=0, callbacks=Interrupt())
    assert np.isfinite(model.predict(X, verbose=0)).all()
