import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.losses import CrossEntropy, GeneralizedReweightedCrossEntropy
from ltzoo.losses.generalized_reweighted_cross_entropy import generalized_weights
from tests.gradients import value_and_gradient

COUNTS = [50, 20, 8, 2]
RANDOM = np.random.default_rng(0)
LOGITS, LABELS = RANDOM.normal(size=(7, 4)) * 2, RANDOM.integers(0, 4, 7)
SOFT = RANDOM.dirichlet(np.ones(4), 7)


def reference(logits, labels, exponent, average):
    shifted = logits - logits.max(1, keepdims=True)
    log_softmax = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    inverse = (np.sum(COUNTS) / np.array(COUNTS, float)) ** exponent
    weights = 4 * inverse / inverse.sum()
    weighted = labels * weights
    return -(weighted * log_softmax).sum() / (weighted.sum() if average == "weights" else len(logits))


@pytest.mark.parametrize("average", ["weights", "batch"])
@pytest.mark.parametrize("labels", ["integer", "soft"])
def test_formula_and_gradient(average, labels):
    y = LABELS if labels == "integer" else SOFT
    soft = np.eye(4)[LABELS] if labels == "integer" else SOFT
    loss = GeneralizedReweightedCrossEntropy(COUNTS, exponent=1.5, average=average)
    value, gradient = value_and_gradient(lambda z: loss(y, z), LOGITS)
    np.testing.assert_allclose(value, reference(LOGITS, soft, 1.5, average), rtol=2e-6)
    numeric = np.empty_like(LOGITS)
    for index in np.ndindex(LOGITS.shape):
        step = np.zeros_like(LOGITS)
        step[index] = 1e-5
        ends = [reference(LOGITS + sign * step, soft, 1.5, average) for sign in (1, -1)]
        numeric[index] = (ends[0] - ends[1]) / 2e-5
    np.testing.assert_allclose(gradient, numeric, atol=1e-6)


def test_limits():
    for loss in (
        GeneralizedReweightedCrossEntropy([5] * 4),
        GeneralizedReweightedCrossEntropy(COUNTS, exponent=0.0, average="batch"),
    ):
        logits = LOGITS.astype("float32")
        np.testing.assert_allclose(
            float(loss(LABELS, logits)), float(CrossEntropy()(LABELS, logits)), rtol=1e-6
        )
    inverse = generalized_weights(COUNTS, 1.0) * COUNTS
    np.testing.assert_allclose(inverse, inverse[0])
    np.testing.assert_allclose(generalized_weights(COUNTS).mean(), 1.0)
    loss = GeneralizedReweightedCrossEntropy(COUNTS)
    huge = np.array([[1e4, -1e4, 0.0, 5.0]] * 2)
    value, gradient = value_and_gradient(lambda z: loss(np.array([1, 0]), z), huge)
    assert np.isfinite(value) and np.isfinite(gradient).all()
    half = loss(LABELS, ops.cast(LOGITS, "float16"))
    np.testing.assert_allclose(float(half), reference(LOGITS, np.eye(4)[LABELS], 1.2, "weights"), rtol=5e-3)


def test_config_and_bad_arguments():
    loss = GeneralizedReweightedCrossEntropy(COUNTS, exponent=0.8, average="batch")
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert copy.get_config() == loss.get_config()
    with pytest.raises(ValueError, match="exponent=-1"):
        GeneralizedReweightedCrossEntropy(COUNTS, exponent=-1)
    with pytest.raises(ValueError, match="average='sum'"):
        GeneralizedReweightedCrossEntropy(COUNTS, average="sum")
