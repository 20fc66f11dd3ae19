"""Several threads use one model at once."""

import threading

import keras
import numpy as np
import pytest

import ltzoo
from tests import tiny

THREADS = 8


def _in_threads(work, threads=THREADS):
    """Runs `work(number)` in threads that start together; returns the errors."""
    errors, together = [], threading.Barrier(threads)

    def run(number):
        together.wait()
        try:
            work(number)
        except Exception as error:
            errors.append(error)

    started = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return errors


def test_eight_threads_predict_while_another_loads(tmp_path):
    model, test = tiny.model(), tiny.dataset().test
    images, labels = test.load(np.arange(16)), test.labels[:16]
    expected, features = model.predict(images, verbose=0), model.extract_features_on_batch(images)
    loss = model.evaluate(images, labels, verbose=0)
    model.save(tmp_path / "model.keras")

    def work(number):
        if number == 0:
            loaded = ltzoo.models.load(tmp_path / "model.keras")
            np.testing.assert_allclose(loaded.predict_on_batch(images), expected, atol=1e-4)
            return
        for _ in range(3):
            called = keras.ops.convert_to_numpy(model(images))
            found = [model.predict(images, batch_size=8, verbose=0), model.predict_on_batch(images), called]
            for logits in found:
                np.testing.assert_allclose(logits, expected, atol=1e-4)
            np.testing.assert_allclose(model.extract_features_on_batch(images), features, atol=1e-4)
            np.testing.assert_allclose(model.evaluate(images, labels, verbose=0), loss, atol=1e-4)

    assert _in_threads(work, THREADS + 1) == []


class Inside(keras.callbacks.Callback):
    """Calls a function in another thread, within an epoch."""

    def __init__(self, work):
        super().__init__()
        self.work, self.errors = work, []

    def on_train_batch_end(self, batch, logs=None):
        if not self.errors:
            self.errors.append(_in_threads(self.work, 1))


def test_a_model_trains_in_one_thread():
    model, data = tiny.model("cross_entropy"), tiny.dataset()
    inside = Inside(lambda number: model.fit(data, verbose=0))
    model.fit(data, callbacks=inside, verbose=0)
    ((error,),) = inside.errors
    assert isinstance(error, RuntimeError) and "`fit` must run in one thread" in str(error)
    assert model.fit(data, verbose=0).epoch == [0, 1]


@pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="elsewhere weights stay in place during training"
)
def test_a_prediction_never_disturbs_a_training():
    def train(work):
        model, data = tiny.model("cross_entropy"), tiny.dataset()
        images = data.test.load(np.arange(4))
        inside = Inside(lambda number: work(model, images))
        model.fit(data, callbacks=inside, verbose=0)
        return tiny.weights(model), inside.errors[0]

    expected, _ = train(lambda model, images: None)
    for use in (
        lambda model, images: model.predict(images, verbose=0),
        lambda model, images: model.extract_features_on_batch(images),
        lambda model, images: model(images),
    ):
        weights, (error,) = train(use)
        assert isinstance(error, RuntimeError) and "until the training ends" in str(error)
        assert all(np.array_equal(a, b) for a, b in zip(weights, expected, strict=True))
