"""Boxes and checks that both detection losses share."""

import keras
import numpy as np
import pytest
from keras import ops

from tests.compiled import compiled
from tests.gradients import value_and_gradient

COUNTS = np.array([500, 120, 40, 9, 3])
# Objects of every class, and background.
CLASSES = np.array([[0, 1, 2, -1], [3, 4, -1, 0]])
ROWS = (CLASSES[..., None] == np.arange(len(COUNTS))).astype("float32")
LOGITS = 2 * np.random.default_rng(0).standard_normal(ROWS.shape)
WRONG = {
    "two_classes": [1, 1, 0, 0, 0],
    "shares": [0.5, 0.5, 0, 0, 0],
    "negative": [-1, 1, 1, 0, 0],
    "nan": [np.nan, 0, 0, 0, 0],
}


def check_value_and_gradient(function, expected):
    """Values per box against NumPy, gradients against central differences of the NumPy formula in float64.

    `expected(rows, logits, at)` takes everything that is a constant in differentiation at `at`.
    """
    numeric = np.zeros_like(LOGITS)
    for index in np.ndindex(*LOGITS.shape):
        step = np.zeros_like(LOGITS)
        step[index] = 1e-5
        ahead, behind = (expected(ROWS, LOGITS + s, LOGITS).sum() for s in (step, -step))
        numeric[index] = (ahead - behind) / 2e-5
    losses = ops.convert_to_numpy(function(ROWS, ops.convert_to_tensor(LOGITS, "float32")))
    np.testing.assert_allclose(losses, expected(ROWS, LOGITS, LOGITS), rtol=2e-5)
    # JAX has no float64 unless it is switched on, and sums of keras.ops are float32 on PyTorch.
    for dtype, tolerance in [("float32", 2e-5)] + [("float64", 1e-10)] * (
        keras.backend.backend() == "tensorflow"
    ):
        value, gradient = value_and_gradient(lambda z: ops.sum(function(ROWS, z)), LOGITS, dtype)
        np.testing.assert_allclose(value, expected(ROWS, LOGITS, LOGITS).sum(), rtol=tolerance)
        np.testing.assert_allclose(gradient, numeric, atol=max(tolerance, 1e-7) * 5, rtol=1e-5)


def check_extremes(function):
    """Finite value and gradient for huge logits and ties; float32 out of half precision."""
    logits = 1e4 * np.sign(LOGITS)
    logits[0, 0] = 0.0
    value, gradient = value_and_gradient(lambda z: ops.sum(function(ROWS, z)), logits)
    assert np.isfinite(value) and np.isfinite(gradient).all()
    half = ops.cast(ops.convert_to_tensor(LOGITS, "float32"), "bfloat16")
    losses = function(ROWS, half)
    assert keras.backend.standardize_dtype(losses.dtype) == "float32" and tuple(losses.shape) == (2, 4)
    full = function(ROWS, ops.cast(half, "float32"))
    np.testing.assert_array_equal(ops.convert_to_numpy(losses), ops.convert_to_numpy(full))


def check_object(loss, monkeypatch):
    """A copy from the config, weights of boxes, and labels that are none."""
    copy = keras.losses.deserialize(keras.losses.serialize(loss))
    assert copy.get_config() == loss.get_config() and type(copy) is type(loss) and copy.reduction == "sum"
    logits = LOGITS.astype("float32")
    losses = ops.convert_to_numpy(
        type(loss).function(ROWS, ops.convert_to_tensor(logits), **loss.arguments())
    )
    ignored = np.array([[1.0, 0.0, 0.5, 1.0], [0.0, 1.0, 1.0, 2.0]], "float32")
    np.testing.assert_allclose(float(copy(ROWS, logits, ignored)), (losses * ignored).sum(), rtol=1e-5)

    for shape in ((2, 4), (2, 4, 4), (1, 4, 5)):
        with pytest.raises(ValueError, match=r"must both be \[batch, boxes, C\].*Received: y_true of shape"):
            loss(np.zeros(shape), logits)
    with pytest.raises(ValueError, match="Received: y_true of type bool"):
        loss(ROWS > 0, logits)
    with pytest.raises(ValueError, match="class_counts"):
        loss(np.zeros((2, 4, 6)), np.zeros((2, 4, 6), "float32"))
    monkeypatch.setattr("ltzoo.losses.detection.box_labels.host_array", lambda value: None)
    run = compiled(loss, xla=False)
    assert np.isfinite(float(run(ROWS, logits)))
    for row in WRONG.values():
        rows = ROWS.copy()
        rows[1, 2] = row
        with monkeypatch.context() as known:
            known.setattr("ltzoo.losses.detection.box_labels.host_array", np.asarray)
            with pytest.raises(ValueError, match="one-hot rows.*Received: box 2 of image 1, which h"):
                loss(rows, logits)
        assert np.isnan(float(run(rows, logits)))
