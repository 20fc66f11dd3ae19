"""Networks built without initial values, and the thread and the Keras that know nothing of it."""

import threading

import keras
import numpy as np
import pytest

from ltzoo.layers import GaussianCloud
from ltzoo.models.initialization import without_initial_values

needs_jax = pytest.mark.skipif(
    keras.backend.backend() != "jax", reason="initial values cost nothing on other backends"
)


def network():
    images = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, name="conv")(images)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Dropout(0.5, seed=7)(x)
    return keras.Model(images, keras.layers.Dense(2, name="dense")(keras.layers.Flatten()(x)))


def draws_from_the_seed(kernel):
    return len(np.unique(kernel)) > 1


def test_weights_that_are_loaded_next_are_all_that_is_missing():
    reference = network()
    with without_initial_values():
        model = network()
    assert [tuple(weight.shape) for weight in model.weights] == [tuple(w.shape) for w in reference.weights]
    assert [weight.trainable for weight in model.weights] == [
        weight.trainable for weight in reference.weights
    ]
    model.set_weights(reference.get_weights())
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    np.testing.assert_array_equal(model.predict_on_batch(x), reference.predict_on_batch(x))
    model.compile(keras.optimizers.SGD(0.1), loss="mse")
    reference.compile(keras.optimizers.SGD(0.1), loss="mse")
    for other in (model, reference):
        other.fit(x, np.ones((2, 2), "float32"), shuffle=False, verbose=0)
    for mine, other in zip(model.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-6)


@needs_jax
def test_nothing_is_drawn(monkeypatch):
    def no_draws(*arguments, **keywords):
        raise AssertionError("initial weights are drawn")

    for name in ("VarianceScaling", "RandomNormal", "RandomUniform"):
        monkeypatch.setattr(getattr(keras.initializers, name), "__call__", no_draws)
    with without_initial_values():
        model = network()
        assert float(np.min(model.get_layer("conv").get_weights()[0])) == 1.0
    assert all((weight == 1).all() for weight in model.get_weights())


def test_states_of_random_layers_start_from_their_seed():
    with without_initial_values():
        cloud = GaussianCloud([9, 3], seed=5)
        cloud.build((None, 2))
    reference = GaussianCloud([9, 3], seed=5)
    states = [
        [variable for variable in one.variables if "seed" in variable.path] for one in (cloud, reference)
    ]
    assert states[0] and len(states[0]) == len(states[1])
    for mine, other in zip(*states, strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(mine.value), keras.ops.convert_to_numpy(other.value)
        )


def test_what_is_assigned_inside_stays():
    existing = keras.Variable(np.zeros(2, "float32"))
    with without_initial_values():
        layer = keras.layers.Dense(2)
        layer.build((None, 3))
        layer.bias.assign([3.0, 4.0])
        layer.bias.assign([5.0, 6.0])
        existing.assign([1.0, 2.0])
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(layer.bias.value), [5.0, 6.0])
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(layer.bias.value), [5.0, 6.0])
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(existing.value), [1.0, 2.0])


def test_another_thread_builds_as_always():
    inside, finished, built = threading.Event(), threading.Event(), []

    def build():
        inside.wait(60)
        layer = keras.layers.Dense(4)
        layer.build((None, 3))
        built.append(layer)
        finished.set()

    thread = threading.Thread(target=build)
    thread.start()
    add_weight = keras.layers.Layer.add_weight
    with without_initial_values():
        mine = keras.layers.Dense(4)
        mine.build((None, 3))
        inside.set()
        assert finished.wait(60)
        assert keras.layers.Layer.add_weight is add_weight
    thread.join()
    assert draws_from_the_seed(built[0].get_weights()[0])
    if keras.backend.backend() == "jax":
        assert not draws_from_the_seed(mine.get_weights()[0])


def test_after_an_error_layers_are_built_as_always():
    with pytest.raises(RuntimeError), without_initial_values():
        keras.layers.Dense(4).build((None, 3))
        raise RuntimeError
    layer = keras.layers.Dense(4)
    layer.build((None, 3))
    assert draws_from_the_seed(layer.get_weights()[0])
