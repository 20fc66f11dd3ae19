import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.fused_batch_norm import fused_batch_norm
from ltzoo.layers import BatchNormalization, NormalizedBatchNormalization

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


@pytest.mark.parametrize(
    "shape, dtype", [((8, 3), "float32"), ((8, 4, 3), "float32"), ((2, 4, 4, 3), "float64")]
)
def test_what_has_no_fused_operation_is_left_to_others(shape, dtype):
    assert fused_batch_norm(ops.zeros(shape, dtype), None, None, EPSILON) is None


@pytest.mark.parametrize("kind", [BatchNormalization, NormalizedBatchNormalization])
def test_gradient_is_that_of_differences(kind):
    """The layer learns as if its output had been computed by hand: one step of SGD against differences."""
    x, weights = batch(), np.random.default_rng(1).normal(0, 1, (8, 4, 4, 3)).astype("float32")
    layer = kind(name="bn")
    inputs = keras.Input((4, 4, 3))
    scaled = keras.layers.EinsumDense("bhwc,c->bhwc", output_shape=(4, 4, 3), name="before")
    model = keras.Model(inputs, layer(scaled(inputs)))
    kernel = np.array([0.5, 1.5, 1.0], "float32")
    scaled.kernel.assign(kernel)
    layer.gamma.assign([0.5, 1.0, 2.0])
    layer.beta.assign([3.0, 0.5, -1.0])
    start = {v.path: ops.convert_to_numpy(v).astype("float64") for v in model.trainable_variables}

    def loss(y_true, y):
        return ops.sum(y * y_true + 0.1 * y**3) * 1e-2

    model.compile(keras.optimizers.SGD(1.0), loss)
    expected = {}
    for variable in model.trainable_variables:
        values = start[variable.path]
        slope = np.zeros(values.size)
        for i in range(values.size):
            sides = []
            for step in (0.05, -0.05):
                changed = values.copy().reshape(-1)
                changed[i] += step
                variable.assign(changed.reshape(values.shape))
                y = ops.convert_to_numpy(model(x, training=True)).astype("float64")
                sides.append(np.sum(y * weights + 0.1 * y**3) * 1e-2)
            slope[i] = (sides[0] - sides[1]) / 0.1
            variable.assign(values)
        expected[variable.path] = slope.reshape(values.shape)
    model.train_on_batch(x, weights)
    for variable in model.trainable_variables:
        change = start[variable.path] - ops.convert_to_numpy(variable)
        np.testing.assert_allclose(
            change, expected[variable.path], rtol=0.02, atol=0.02, err_msg=variable.path
        )


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
