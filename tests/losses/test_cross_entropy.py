import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.losses import CrossEntropy, cross_entropy
from tests.gradients import value_and_gradient


def data():
    rng = np.random.default_rng(0)
    return rng.standard_normal((6, 4)), rng.integers(0, 4, 6), rng.dirichlet(np.ones(4), 6)


def expected(logits, labels, smoothing=0.0):
    labels = (1 - smoothing) * labels + smoothing / labels.shape[1]
    return -(labels * (logits - np.log(np.exp(logits).sum(1, keepdims=True)))).sum(1)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_integer_and_soft_labels(smoothing):
    logits, integers, soft = data()
    tensor = ops.convert_to_tensor(logits, "float32")
    for labels, matrix in (
        (integers, np.eye(4)[integers]),
        (integers[:, None], np.eye(4)[integers]),
        (soft, soft),
    ):
        actual = ops.convert_to_numpy(cross_entropy(labels, tensor, label_smoothing=smoothing))
        np.testing.assert_allclose(actual, expected(logits, matrix, smoothing), rtol=1e-5)
    loss = CrossEntropy(label_smoothing=smoothing)
    np.testing.assert_allclose(float(loss(soft, tensor)), expected(logits, soft, smoothing).mean(), rtol=1e-5)


def test_gradient_is_softmax_minus_labels():
    logits, _, soft = data()
    value, gradient = value_and_gradient(lambda z: ops.sum(cross_entropy(soft, z)), logits)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(gradient, p - soft, atol=2e-6)
    np.testing.assert_allclose(value, expected(logits, soft).sum(), rtol=1e-5)


def test_huge_and_half_precision_logits():
    value, gradient = value_and_gradient(
        lambda z: ops.sum(cross_entropy([0, 1], z)), 1e30 * np.array([[1.0, -1.0], [1.0, 1.0]])
    )
    assert np.isfinite(value) and np.isfinite(gradient).all()
    half = ops.cast(ops.convert_to_tensor(data()[0], "float32"), "float16")
    assert keras.backend.standardize_dtype(cross_entropy(data()[1], half).dtype) == "float32"


def test_config_and_bad_arguments():
    loss = CrossEntropy(label_smoothing=0.2, name="smoothed")
    copy = keras.losses.deserialize(keras.losses.serialize(loss))
    assert copy.get_config() == loss.get_config() and copy.label_smoothing == 0.2
    with pytest.raises(ValueError, match="label_smoothing=1.5"):
        CrossEntropy(label_smoothing=1.5)
    with pytest.raises(ValueError, match=r"shape \(6, 3\)"):
        cross_entropy(np.ones((6, 3)), ops.ones((6, 4)))
