"""The head of TDE against NumPy."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo import heads

RANDOM = np.random.default_rng(2)
X = RANDOM.normal(size=(7, 6))


def make(**arguments):
    head = heads.get({"name": "deconfounded", **arguments}, 4, name="head")
    head.build((None, 6))
    return head


def parts(rows):
    return rows.reshape(-1, 2, 3)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def expected(head, features, drift=None, alpha=1.0):
    vectors = parts(np.array(ops.convert_to_numpy(head.kernel), "float64").T)
    vectors = vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1 / 32)
    directions = unit(parts(features))
    if drift is not None:
        drift = unit(parts(drift))
        directions = directions - alpha * (directions * drift).sum(-1, keepdims=True) * drift
    return 16 / 2 * np.einsum("bkd,ckd->bc", directions, vectors)


def as_numpy(tensor):
    return np.asarray(ops.convert_to_numpy(tensor), "float64")


def test_training_is_a_multi_head_cosine_and_keeps_the_drift():
    head = make()
    logits = head(X.astype("float32"), training=True)
    np.testing.assert_allclose(as_numpy(logits), expected(head, X), rtol=1e-5, atol=1e-5)
    head((2 * X[:3]).astype("float32"), training=True)
    drift = 0.9 * X.mean(0) + 2 * X[:3].mean(0)
    np.testing.assert_allclose(as_numpy(head.drift), drift, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("alpha", [0.0, 1.0, 3.0])
def test_prediction_takes_the_drift_out(alpha):
    head = make(alpha=alpha)
    drift = RANDOM.normal(size=6)
    head.drift.assign(drift)
    found = head(X.astype("float32"))
    np.testing.assert_allclose(as_numpy(found), expected(head, X, drift, alpha), rtol=1e-4, atol=1e-5)


def test_an_untrained_head_and_zero_features_are_finite():
    head = make()
    np.testing.assert_allclose(as_numpy(head(X.astype("float32"))), expected(head, X), rtol=1e-5, atol=1e-5)
    assert np.all(as_numpy(head(np.zeros((2, 6), "float32"))) == 0)
    half = head(X.astype("float32").astype("float16"))
    assert keras.backend.standardize_dtype(half.dtype) == "float32"


def test_config_and_wrong_arguments():
    head = make(parts=3, alpha=1.5, offset=0.1, momentum=0.5)
    copy = type(head).from_config(head.get_config())
    assert copy.get_config() == head.get_config()
    with pytest.raises(ValueError, match="`parts` must divide the number of features. Received: parts=4"):
        make(parts=4)
    with pytest.raises(ValueError, match="must be a linear classifier"):
        heads.linear.linear_weights(head)
