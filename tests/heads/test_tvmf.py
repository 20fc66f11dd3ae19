"""The t-vMF head against NumPy."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo import heads
from tests.gradients import value_and_gradient

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(7, 6))


def make(**arguments):
    head = heads.get({"name": "tvmf", **arguments}, 4, name="head")
    head.build((None, 6))
    head.raw_scale.assign(0.7)
    return head


def as_numpy(tensor):
    return np.asarray(ops.convert_to_numpy(tensor), "float64")


def expected(head, x, kappa):
    kernel = as_numpy(head.kernel)
    cosines = x / np.linalg.norm(x, axis=1, keepdims=True) @ (kernel / np.linalg.norm(kernel, axis=0))
    return (1 + np.log1p(np.exp(0.7))) * ((1 + cosines) / (1 + kappa * (1 - cosines)) - 1)


@pytest.mark.parametrize("kappa", [-0.3, 0.0, 4.0, 16.0, 64.0])
def test_agrees_with_the_released_formula(kappa):
    head, weights = make(kappa=kappa), RANDOM.normal(size=(7, 4))
    np.testing.assert_allclose(
        as_numpy(head(X.astype("float32"))), expected(head, X, kappa), rtol=1e-4, atol=1e-5
    )
    factors = ops.convert_to_tensor(weights, "float32")
    _, gradient = value_and_gradient(lambda x: ops.sum(head(x) * factors), X)
    numeric = np.empty_like(X)
    for place in np.ndindex(*X.shape):
        step = np.zeros_like(X)
        step[place] = 1e-6
        ahead, behind = expected(head, X + step, kappa), expected(head, X - step, kappa)
        numeric[place] = ((ahead - behind) * weights).sum() / 2e-6
    np.testing.assert_allclose(gradient, numeric, rtol=1e-3, atol=1e-4)


def test_zero_features_half_precision_and_config():
    head = make(kappa=4.0)
    assert np.isfinite(as_numpy(head(np.zeros((2, 6), "float32")))).all()
    half = head(X.astype("float16"))
    assert keras.backend.standardize_dtype(half.dtype) == "float32"
    assert type(head).from_config(head.get_config()).get_config() == head.get_config()
    with pytest.raises(ValueError, match="kappa=-0.5"):
        make(kappa=-0.5)


def test_its_class_vectors_are_directions():
    head = heads.get({"name": "tvmf"}, 3, name="head")
    head.build((None, 4))
    head.kernel.assign(ops.convert_to_numpy(head.kernel) * np.array([1.0, 10.0, 100.0]))
    np.testing.assert_allclose(np.linalg.norm(head.class_vectors(), axis=0), 1.0, rtol=1e-5)
