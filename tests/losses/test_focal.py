import numpy as np
import pytest
from keras import ops

from ltzoo.losses import Focal, focal
from tests.gradients import value_and_gradient
from tests.losses.loss_checks import batch, check_value_and_gradient, softmax

WEIGHTS = np.array([0.2, 0.5, 1.0, 2.0, 3.0])


def formula(labels, logits, at, gamma, weight, detach):
    """Eq. 4 of Lin et al. with a softmax, an image and a class at a time; p is taken at ``at`` if detached."""
    total = np.zeros(len(logits))
    for i, label in enumerate(labels):
        shares = label if np.ndim(label) else np.eye(5)[label]
        for k, share in enumerate(shares):
            loss = -weight[k] * np.log(softmax(logits[i : i + 1])[0, k])
            p = softmax(at[i : i + 1])[0, k] ** weight[k] if detach else np.exp(-loss)
            total[i] += share * (1 - p) ** gamma * loss
    return total


@pytest.mark.parametrize("gamma, detach", [(0.0, False), (0.5, False), (2.0, False), (2.0, True)])
def test_agrees_with_the_formula(gamma, detach):
    logits, integers, soft = batch()
    for labels, weight in ((integers, None), (soft, WEIGHTS)):
        check_value_and_gradient(
            lambda y, z, w=weight: focal(y, z, gamma=gamma, class_weight=w, detach=detach),
            lambda y, z, at, w=weight: formula(y, z, at, gamma, np.ones(5) if w is None else w, detach),
            logits,
            labels,
        )


@pytest.mark.parametrize("gamma", [0.1, 0.5, 2.0])
def test_a_certain_prediction_has_no_loss_and_no_gradient(gamma):
    logits = np.array([[200.0, 0.0, 0.0], [0.0, 1e4, -1e4]])
    value, gradient = value_and_gradient(lambda z: ops.sum(focal([0, 1], z, gamma=gamma)), logits)
    assert value == 0.0
    np.testing.assert_array_equal(gradient, 0.0)


def test_weights_are_no_divisor():
    logits, integers, _ = batch()
    loss = Focal(1.0, class_weight=WEIGHTS)
    expected = formula(integers, logits, logits, 1.0, WEIGHTS, False).mean()
    assert float(loss(integers, logits.astype("float32"))) == pytest.approx(expected, rel=1e-5)


def test_bad_arguments():
    with pytest.raises(ValueError, match="gamma=-1"):
        Focal(-1)
    with pytest.raises(ValueError, match="class_weight"):
        Focal(class_weight=[1, 0])
