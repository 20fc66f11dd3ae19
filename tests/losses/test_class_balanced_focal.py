import numpy as np
import pytest
from keras import ops

from ltzoo.losses import ClassBalancedFocal, class_balanced_focal
from tests.losses.loss_checks import COUNTS, batch, check_value_and_gradient, softmax

BETA = 0.999
WEIGHTS = np.array([(1 - BETA) / (1 - BETA ** int(n)) for n in COUNTS])
WEIGHTS *= 5 / WEIGHTS.sum()


def sigmoid_form(labels, logits, gamma):
    """Eq. 12-13 of Cui et al., an image, a target class and a sigmoid at a time."""
    total = np.zeros(len(logits))
    for i, label in enumerate(labels):
        for k, share in enumerate(label if np.ndim(label) else np.eye(5)[label]):
            for j, z in enumerate(logits[i]):
                p = 1 / (1 + np.exp(-z if j == k else z))
                total[i] += share * WEIGHTS[k] * (1 - p) ** gamma * -np.log(p)
    return total


def softmax_form(labels, logits, gamma):
    labels = labels if labels.ndim == 2 else np.eye(5)[labels]
    p = softmax(logits)
    return (labels * WEIGHTS * (1 - p) ** gamma * -np.log(p)).sum(1)


@pytest.mark.parametrize("activation, form", [("sigmoid", sigmoid_form), ("softmax", softmax_form)])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_agrees_with_the_paper(activation, form, gamma):
    logits, integers, soft = batch()
    settings = {"class_counts": COUNTS, "beta": BETA, "gamma": gamma, "activation": activation}
    for labels in (integers, soft):
        check_value_and_gradient(
            lambda y, z: class_balanced_focal(y, z, **settings),
            lambda y, z, at: form(y, z, gamma),
            logits,
            labels,
        )


def test_averages():
    logits, integers, _ = batch()
    losses = sigmoid_form(integers, logits, 1.0)
    for average, divisor in (("batch", 7), ("weights", WEIGHTS[integers].sum())):
        loss = ClassBalancedFocal(COUNTS, BETA, average=average)
        value = float(loss(integers, logits.astype("float32")))
        assert value == pytest.approx(losses.sum() / divisor, rel=1e-5)


def test_bad_arguments():
    for bad, message in (
        ({"gamma": -1}, "gamma=-1"),
        ({"beta": -0.1}, "beta=-0.1"),
        ({"activation": "tanh"}, "activation='tanh'"),
    ):
        with pytest.raises(ValueError, match=message):
            ClassBalancedFocal(COUNTS, **bad)
    with pytest.raises(ValueError, match="activation='tanh'"):
        class_balanced_focal([0], ops.ones((1, 5)), class_counts=COUNTS, activation="tanh")
