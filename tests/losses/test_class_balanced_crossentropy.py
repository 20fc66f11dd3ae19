import numpy as np
import pytest
from keras import ops

from ltzoo.losses import ClassBalancedCrossentropy, class_balanced_crossentropy, cross_entropy
from tests.losses.loss_checks import COUNTS, batch, check_value_and_gradient, softmax


def weights(beta):
    raw = np.array([(1 - beta) / (1 - beta ** int(n)) for n in COUNTS])
    return 5 * raw / raw.sum()


@pytest.mark.parametrize("beta", [0.9, 0.9999])
def test_agrees_with_the_paper(beta):
    logits, integers, soft = batch()
    for labels, matrix in ((integers, np.eye(5)[integers]), (soft, soft)):
        check_value_and_gradient(
            lambda y, z: class_balanced_crossentropy(y, z, class_counts=COUNTS, beta=beta),
            lambda y, z, at, matrix=matrix: -(matrix * weights(beta) * np.log(softmax(z))).sum(1),
            logits,
            labels,
        )


def test_averages_and_beta_0():
    logits, integers, _ = batch()
    losses = -weights(0.99)[integers] * np.log(softmax(logits))[np.arange(7), integers]
    divisors = {"weights": weights(0.99)[integers].sum(), "batch": 7}
    for average, divisor in divisors.items():
        loss = ClassBalancedCrossentropy(COUNTS, beta=0.99, average=average)
        value = float(loss(integers, logits.astype("float32")))
        assert value == pytest.approx(losses.sum() / divisor, rel=1e-5)
    z = ops.convert_to_tensor(logits, "float32")
    np.testing.assert_allclose(
        ops.convert_to_numpy(class_balanced_crossentropy(integers, z, class_counts=COUNTS, beta=0.0)),
        ops.convert_to_numpy(cross_entropy(integers, z)),
        rtol=1e-6,
    )


def test_bad_arguments():
    with pytest.raises(ValueError, match="beta=1"):
        ClassBalancedCrossentropy(COUNTS, beta=1.0)
    with pytest.raises(ValueError, match="class_counts"):
        ClassBalancedCrossentropy([3, 0])
    with pytest.raises(ValueError, match="length 5"):
        class_balanced_crossentropy([0], ops.ones((1, 4)), class_counts=COUNTS)
