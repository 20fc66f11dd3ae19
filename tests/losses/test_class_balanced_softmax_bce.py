"""The loss of the weight balancing code: binary cross-entropies of softmax outputs."""

import keras
import numpy as np
import pytest
from keras import ops

from ltzoo.losses import ClassBalancedSoftmaxBCE, class_balanced_softmax_bce
from tests.losses.loss_checks import COUNTS, batch, check_value_and_gradient, softmax

BETA = 0.9999
WEIGHTS = np.array([(1 - BETA) / (1 - BETA ** int(n)) for n in COUNTS])
WEIGHTS *= 5 / WEIGHTS.sum()


def form(labels, logits):
    """One image and one softmax output at a time."""
    total, p = np.zeros(len(logits)), softmax(logits)
    for i, label in enumerate(labels):
        row = label if np.ndim(label) else np.eye(5)[label]
        for k, share in enumerate(row):
            total[i] -= share * np.log(p[i, k]) + (1 - share) * np.log(1 - p[i, k])
        total[i] *= (row * WEIGHTS).sum() / 5
    return total


def test_agrees_with_the_released_code():
    logits, integers, soft = batch()
    for labels in (integers, soft):
        check_value_and_gradient(
            lambda y, z: class_balanced_softmax_bce(y, z, class_counts=COUNTS),
            lambda y, z, at: form(y, z),
            logits,
            labels,
        )


def test_certain_predictions_give_finite_losses():
    """log is clamped at -100: a wrong image of a certain network costs (100 + 100) w / C."""
    logits = np.zeros((1, 5), "float32")
    logits[0, 0] = 1e4
    loss = float(
        np.squeeze(
            ops.convert_to_numpy(
                class_balanced_softmax_bce([1], ops.convert_to_tensor(logits), class_counts=COUNTS)
            )
        )
    )
    assert loss == pytest.approx(200 * WEIGHTS[1] / 5, rel=1e-5)


def test_the_gradient_is_smaller_than_that_of_cross_entropy():
    """With C equal logits the gradient on the label's logit is w (1 - 1/C) (1 + 1 / (C - 1)) / C = w / C."""
    step, classes = 1e-3, 10
    counts = [20] * classes

    def value(z0):
        logits = np.zeros((1, classes))
        logits[0, 0] = z0
        with_keras = class_balanced_softmax_bce(
            [0], ops.convert_to_tensor(logits, "float64"), class_counts=counts
        )
        return float(np.squeeze(ops.convert_to_numpy(with_keras)))

    slope = (value(step) - value(-step)) / (2 * step)
    assert slope == pytest.approx(-1 / classes, rel=1e-3)


def test_config():
    loss = ClassBalancedSoftmaxBCE(COUNTS, beta=0.99)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert again.get_config() == loss.get_config()
    with pytest.raises(ValueError, match="beta"):
        ClassBalancedSoftmaxBCE(COUNTS, beta=1.0)
