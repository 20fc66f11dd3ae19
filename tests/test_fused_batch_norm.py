import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.fused_batch_norm import fused_batch_norm
from ltzoo.layers import BatchNormalization
from tests.gradients import value_and_gradient

FUSED = keras.backend.backend() in ("tensorflow", "torch")
EPSILON = 1e-5


def batch(mean=1.5, shape=(8, 4, 4, 3)):
    return np.random.default_rng(0).normal(mean, 2.0, shape).astype("float32")


def normalized(x, scale=1.0, offset=0.0):
    x = x.astype("float64")
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    return scale * (x - mean) / np.sqrt(variance + EPSILON) + offset, mean, variance


@pytest.mark.skipif(not FUSED, reason="XLA fuses by itself")
@pytest.mark.parametrize("scale, offset", [((0.5, 1.0, -2.0), (1.0, 0.0, -1.0)), (None, None)])
def test_against_numpy(scale, offset):
    given = [None if value is None else np.asarray(value, "float32") for value in (scale, offset)]
    actual = fused_batch_norm(ops.convert_to_tensor(batch()), *given, EPSILON)
    expected = normalized(batch(), *(value for value in given if value is not None))
    for a, b in zip(actual, expected, strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(a), b, atol=1e-5)


@pytest.mark.skipif(not FUSED, reason="XLA fuses by itself")
@pytest.mark.parametrize("dtype, step", [("bfloat16", 2**-8), ("float16", 2**-11)])
def test_half_precision_keeps_the_statistics_in_float32(dtype, step):
    x = ops.cast(batch(mean=20.0, shape=(32, 8, 8, 3)), dtype)
    outputs, *statistics = fused_batch_norm(x, None, None, EPSILON)
    assert keras.backend.standardize_dtype(outputs.dtype) == dtype
    expected, *exact = normalized(ops.convert_to_numpy(ops.cast(x, "float32")))
    np.testing.assert_allclose(
        ops.convert_to_numpy(ops.cast(outputs, "float32")), expected, rtol=step, atol=1e-4
    )
    for a, b in zip(statistics, exact, strict=True):
        assert keras.backend.standardize_dtype(a.dtype) == "float32"
        np.testing.assert_allclose(ops.convert_to_numpy(a), b, rtol=1e-4)


def by_averages(x, mean, variance, scale, offset):
    return scale * (x.astype("float64") - mean) / np.sqrt(variance + EPSILON) + offset


@pytest.mark.skipif(not FUSED, reason="XLA fuses by itself")
@pytest.mark.parametrize("dtype, step", [("float32", 1e-6), ("bfloat16", 2**-8), ("float16", 2**-11)])
def test_given_averages_against_numpy(dtype, step):
    x = ops.cast(batch(), dtype)
    mean, variance, scale, offset = np.random.default_rng(2).uniform(0.5, 2.0, (4, 3)).astype("float32")
    outputs, *averages = fused_batch_norm(x, scale, offset, EPSILON, (mean, variance))
    assert keras.backend.standardize_dtype(outputs.dtype) == dtype
    expected = by_averages(ops.convert_to_numpy(ops.cast(x, "float32")), mean, variance, scale, offset)
    np.testing.assert_allclose(
        ops.convert_to_numpy(ops.cast(outputs, "float32")), expected, rtol=step, atol=1e-5
    )
    for given, returned in zip((mean, variance), averages, strict=True):
        np.testing.assert_array_equal(given, ops.convert_to_numpy(returned))


@pytest.mark.skipif(not FUSED, reason="XLA fuses by itself")
def test_gradient_with_given_averages():
    rng = np.random.default_rng(3)
    mean, variance, scale, offset = rng.uniform(0.5, 2.0, (4, 3)).astype("float32")
    weights = rng.normal(0.0, 1.0, batch().shape)

    def total(values):
        outputs = fused_batch_norm(*values, EPSILON, (mean, variance))[0]
        return ops.sum(ops.cast(weights, "float32") * outputs)

    _, gradients = value_and_gradient(total, [batch(), scale, offset])
    factor = 1.0 / np.sqrt(variance + EPSILON)
    expected = (
        weights * scale * factor,
        (weights * (batch() - mean) * factor).sum((0, 1, 2)),
        weights.sum((0, 1, 2)),
    )
    for actual, value in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(actual, value, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(8, 3), (4, 5, 3), (4, 2, 5, 3)])
def test_in_inference_the_layer_is_that_of_keras(shape):
    own, of_keras = BatchNormalization(), keras.layers.BatchNormalization(epsilon=EPSILON)
    for layer in (own, of_keras):
        layer.build(shape)
        layer.set_weights(np.random.default_rng(4).uniform(0.5, 2.0, (4, 3)))
    x = batch(shape=shape)
    np.testing.assert_allclose(
        ops.convert_to_numpy(own(x)), ops.convert_to_numpy(of_keras(x)), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize(
    "shape, dtype", [((8, 3), "float32"), ((8, 4, 3), "float32"), ((2, 4, 4, 3), "float64")]
)
@pytest.mark.parametrize("averages", [None, (np.zeros(3, "float32"), np.ones(3, "float32"))])
def test_what_has_no_fused_operation_is_left_to_others(shape, dtype, averages):
    assert fused_batch_norm(ops.zeros(shape, dtype), None, None, EPSILON, averages) is None


@pytest.mark.skipif(not FUSED, reason="XLA fuses by itself")
def test_gradient_against_differences():
    rng = np.random.default_rng(1)
    given = [batch(), rng.normal(1.0, 0.5, 3), rng.normal(0.0, 0.5, 3)]
    weights = rng.normal(0.0, 1.0, given[0].shape)

    def total(values):
        outputs = fused_batch_norm(*values, EPSILON)[0]
        return ops.sum(ops.cast(weights, "float32") * ops.square(outputs))

    _, gradients = value_and_gradient(total, given)
    for place, gradient in enumerate(gradients):
        direction, step, sides = rng.normal(0.0, 1.0, given[place].shape), 1e-5, []
        for sign in (1, -1):
            moved = [np.asarray(value, "float64") for value in given]
            moved[place] = moved[place] + sign * step * direction
            sides.append(np.sum(weights * normalized(*moved)[0] ** 2))
        slope = (sides[0] - sides[1]) / (2 * step)
        np.testing.assert_allclose(np.sum(gradient * direction), slope, rtol=1e-4, atol=1e-3)


def test_variance_is_exact_where_the_mean_is_large():
    x = batch(mean=1000.0, shape=(64, 8, 8, 3))
    layer = BatchNormalization(momentum=0.0)
    outputs = ops.convert_to_numpy(layer(x, training=True))
    expected, mean, variance = normalized(x)
    np.testing.assert_allclose(outputs, expected, atol=2e-3)
    np.testing.assert_allclose(ops.convert_to_numpy(layer.moving_variance), variance, rtol=1e-4)


def test_a_single_number_a_channel_becomes_the_offset():
    layer = BatchNormalization(momentum=0.0)
    outputs = ops.convert_to_numpy(layer(batch(shape=(1, 1, 1, 3)), training=True))
    np.testing.assert_allclose(outputs, np.zeros((1, 1, 1, 3)), atol=1e-6)
    np.testing.assert_allclose(ops.convert_to_numpy(layer.moving_variance), np.zeros(3), atol=1e-6)


def test_a_batch_of_any_size_under_compilation():
    inputs = keras.Input((4, 4, 3))
    layer = BatchNormalization(momentum=0.0)
    model = keras.Model(inputs, layer(inputs))
    model.compile(keras.optimizers.SGD(0.0), "mse")
    for size in (8, 5):
        x = batch()[:size]
        model.train_on_batch(x, x)
        np.testing.assert_allclose(ops.convert_to_numpy(layer.moving_variance), normalized(x)[2], rtol=1e-4)
