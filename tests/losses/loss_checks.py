"""Checks that every loss with a NumPy counterpart goes through."""

import keras
import numpy as np
from keras import ops

from tests.gradients import value_and_gradient

COUNTS = np.array([500, 120, 40, 9, 3])
# JAX has no float64 unless it is switched on, and sums of keras.ops are float32 on PyTorch.
DTYPES = [("float32", 2e-5)] + ([("float64", 1e-10)] if keras.backend.backend() == "tensorflow" else [])


def batch(size=7, spread=2.0, seed=0, bounded=False):
    """Logits (or cosines), integer labels of every class, soft labels."""
    rng = np.random.default_rng(seed)
    classes = len(COUNTS)
    logits = rng.uniform(-1, 1, (size, classes)) if bounded else spread * rng.standard_normal((size, classes))
    return logits, np.arange(size) % classes, rng.dirichlet(np.ones(classes), size)


def check_value_and_gradient(function, expected, logits, labels):
    """Value against NumPy, gradient against central differences of the NumPy formula in float64.

    ``expected(labels, logits, at)`` takes everything that is a constant in differentiation at ``at``.
    """
    numeric = np.zeros_like(logits)
    for index in np.ndindex(*logits.shape):
        step = np.zeros_like(logits)
        step[index] = 1e-5
        ahead, behind = (expected(labels, logits + s, logits).sum() for s in (step, -step))
        numeric[index] = (ahead - behind) / 2e-5
    for dtype, tolerance in DTYPES:
        value, gradient = value_and_gradient(lambda z: ops.sum(function(labels, z)), logits, dtype)
        np.testing.assert_allclose(value, expected(labels, logits, logits).sum(), rtol=tolerance)
        np.testing.assert_allclose(gradient, numeric, atol=max(tolerance, 1e-7) * 5, rtol=1e-5)


def check_extremes(function, integers, size=1e4):
    """Finite value and gradient for huge logits and ties, float32 out of half precision."""
    classes = len(COUNTS)
    logits = size * np.sign(np.random.default_rng(1).standard_normal((len(integers), classes)))
    logits[0] = 0.0
    for labels in (integers, np.full(logits.shape, 1.0 / classes)):
        value, gradient = value_and_gradient(lambda z, y=labels: ops.mean(function(y, z)), logits)
        assert np.isfinite(value) and np.isfinite(gradient).all()
    half = ops.cast(ops.convert_to_tensor(batch(len(integers))[0], "float32"), "bfloat16")
    losses = function(integers, half)
    assert keras.backend.standardize_dtype(losses.dtype) == "float32" and losses.shape == (len(integers),)
    full = function(integers, ops.cast(half, "float32"))
    np.testing.assert_array_equal(ops.convert_to_numpy(losses), ops.convert_to_numpy(full))


def check_config(loss, predictions):
    """A copy from the config is the same loss; labels may be a column."""
    copy = keras.losses.deserialize(keras.losses.serialize(loss))
    assert copy.get_config() == loss.get_config() and type(copy) is type(loss)
    predictions = np.asarray(predictions, "float32")
    labels = np.arange(len(predictions)) % predictions.shape[1]
    assert float(loss(labels[:, None], predictions)) == float(copy(labels, predictions))


def softmax(logits):
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)
