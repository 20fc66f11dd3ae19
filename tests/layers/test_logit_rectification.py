"""Logit rectification; agreement with the published layer is in tests/reference_checks/nbn.py."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.layers import LogitRectification
from tests.gradients import value_and_gradient


def logits(seed=0, count=12):
    random = np.random.default_rng(seed)
    return (random.normal(size=(count, 3)) * [1.0, 5.0, 0.2] + [3.0, -4.0, 0.0]).astype("float32")


def test_training_uses_the_batch_and_inference_the_moving_averages():
    z = logits().astype("float64")
    layer = LogitRectification()
    outputs = ops.convert_to_numpy(layer(z.astype("float32"), training=True))
    np.testing.assert_allclose(outputs, (z - z.mean(0)) / np.sqrt(z.var(0) + 1e-5), atol=1e-5)
    mean, variance = 0.1 * z.mean(0), 0.9 + 0.1 * z.var(0)
    np.testing.assert_allclose(ops.convert_to_numpy(layer.moving_mean), mean, rtol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(layer.moving_variance), variance, rtol=1e-5)
    new = logits(1, 5)
    outputs = ops.convert_to_numpy(layer(new, training=False))
    np.testing.assert_allclose(outputs, (new - mean) / np.sqrt(variance + 1e-5), atol=1e-5)
    assert layer.trainable_variables == []


def test_gradient_against_finite_differences():
    z, upstream = logits(2, 6).astype("float64"), np.random.default_rng(3).normal(size=(6, 3))
    layer = LogitRectification()
    layer.build((None, 3))
    fixed = [v.value for v in layer.non_trainable_variables]

    def pulled(x):
        outputs, _ = layer.stateless_call([], fixed, x, training=True)
        return ops.sum(outputs * ops.convert_to_tensor(upstream, "float32"))

    _, gradient = value_and_gradient(pulled, z)

    def total(x):
        return np.sum(upstream * (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5))

    numeric = np.zeros_like(z)
    for place in np.ndindex(z.shape):
        step = np.zeros_like(z)
        step[place] = 1e-5
        numeric[place] = (total(z + step) - total(z - step)) / 2e-5
    np.testing.assert_allclose(gradient, numeric, atol=1e-4 * np.abs(numeric).max())


def test_affine_is_a_plain_batch_normalization():
    layer = LogitRectification(affine=True)
    plain = keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
    for each in (layer, plain):
        each.build((None, 3))
        each.gamma.assign([1.0, 2.0, 3.0])
        each.beta.assign([0.5, 0.0, -0.5])
    z = logits()
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer(z, training=True)),
        ops.convert_to_numpy(plain(z, training=True)),
        atol=1e-4,
    )
    assert len(layer.trainable_variables) == 2


def test_extremes():
    one = ops.convert_to_numpy(LogitRectification()(logits()[:1], training=True))
    np.testing.assert_array_equal(one, 0.0)
    huge = ops.convert_to_numpy(LogitRectification()(1e4 * np.sign(logits()), training=True))
    assert np.isfinite(huge).all()
    half = LogitRectification(dtype="mixed_float16")(ops.convert_to_tensor(logits(), dtype="float16"))
    assert keras.backend.standardize_dtype(half.dtype) == "float32"


@pytest.mark.parametrize("affine", [True, False])
def test_configuration_and_file(tmp_path, affine):
    layer = LogitRectification(affine=affine, momentum=0.8, epsilon=1e-4)
    assert LogitRectification.from_config(layer.get_config()).get_config() == layer.get_config()
    model = keras.Sequential([keras.Input((3,)), layer])
    layer(logits(), training=True)
    model.save(tmp_path / "model.keras")
    copy = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(copy.predict(logits(), verbose=0), model.predict(logits(), verbose=0))
