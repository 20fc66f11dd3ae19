"""SGD against the update written out in NumPy."""

import keras
import numpy as np
import pytest

from ltzoo.training import SGD, optimizers


def _steps(optimizer, rates):
    generator = np.random.default_rng(0)
    start, gradients = generator.normal(size=(3, 2)), generator.normal(size=(len(rates), 3, 2))
    variable = keras.Variable(start.astype("float32"))
    for rate, gradient in zip(rates, gradients, strict=True):
        optimizer.learning_rate = rate
        optimizer.apply([keras.ops.convert_to_tensor(gradient.astype("float32"))], [variable])
    return start, gradients, keras.ops.convert_to_numpy(variable.value)


@pytest.mark.parametrize("nesterov", [False, True])
def test_l2_enters_the_momentum_and_a_rate_step_acts_at_once(nesterov):
    rates = [0.1, 0.1, 0.01, 0.001]
    start, gradients, found = _steps(SGD(0.1, momentum=0.9, l2=0.05, nesterov=nesterov), rates)
    p, v = start, np.zeros_like(start)
    for rate, gradient in zip(rates, gradients, strict=True):
        g = gradient + 0.05 * p
        v = 0.9 * v + g
        p = p - rate * (g + 0.9 * v if nesterov else v)
    np.testing.assert_allclose(found, p, rtol=1e-5, atol=1e-6)


def test_without_momentum():
    start, gradients, found = _steps(SGD(0.1, momentum=0.0), [0.5, 0.25])
    np.testing.assert_allclose(found, start - 0.5 * gradients[0] - 0.25 * gradients[1], rtol=1e-5, atol=1e-6)


def test_variables_have_their_own_rates_and_l2_by_path():
    classifier = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="head")])
    kernel, bias = classifier.trainable_variables
    optimizer = SGD(
        0.5,
        momentum=0.0,
        l2=0.1,
        learning_rate_multipliers={"*head/ker*": 0.2, "*": 1.0},
        l2_exclude=["*/bias"],
    )
    bias.assign(np.ones(3))
    before = keras.ops.convert_to_numpy(kernel.value).copy()
    optimizer.apply([keras.ops.ones((2, 3)), keras.ops.ones((3,))], [kernel, bias])
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(kernel.value), before - 0.5 * 0.2 * (1 + 0.1 * before), rtol=1e-6
    )
    np.testing.assert_allclose(keras.ops.convert_to_numpy(bias.value), 0.5 * np.ones(3), rtol=1e-6)


def test_config_round_trip():
    optimizer = SGD(
        0.1, momentum=0.8, l2=1e-3, nesterov=True, learning_rate_multipliers={"a*": 0.5}, l2_exclude=["b"]
    )
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
    assert (copy.momentum, copy.l2, copy.nesterov) == (0.8, 1e-3, True)
    assert (copy.learning_rate_multipliers, copy.l2_exclude) == ({"a*": 0.5}, ("b",))


def test_keras_optimizers_by_name():
    optimizer = optimizers.get({"name": "adamw", "weight_decay": 0.01}, 0.5)
    assert isinstance(optimizer, keras.optimizers.AdamW)
    assert float(keras.ops.convert_to_numpy(optimizer.learning_rate)) == 0.5
    assert optimizer.weight_decay == 0.01


@pytest.mark.parametrize("config", [{"name": "sdg"}, {"name": "adam", "speed": 3}])
def test_unknown_optimizers_are_named(config):
    with pytest.raises(ValueError, match=config["name"]):
        optimizers.get(config, 0.1)
