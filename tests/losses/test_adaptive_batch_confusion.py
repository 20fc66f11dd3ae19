import numpy as np
import pytest

from ltzoo.losses.adaptive_batch_confusion import AdaptiveBatchConfusion, adaptive_batch_confusion
from tests.losses.loss_checks import (
    COUNTS,
    batch,
    check_config,
    check_extremes,
    check_value_and_gradient,
    softmax,
)


@pytest.mark.parametrize(("tau", "power"), [(0.5, 0.5), (0.3, 1.0), (0.0, 0.5), (1.0, 0.0)])
def test_agrees_with_the_released_formula(tau, power):
    logits, integers, soft = batch()
    weights = (COUNTS / COUNTS.mean()) ** power
    for labels, matrix in ((integers, np.eye(5)[integers]), (soft, soft)):
        check_value_and_gradient(
            lambda y, z: adaptive_batch_confusion(y, z, class_counts=COUNTS, tau=tau, power=power),
            lambda y, z, at, matrix=matrix: (
                (1 - tau) * -(matrix * np.log(softmax(z))).sum(1) + tau * ((weights * softmax(z)) ** 2).sum(1)
            ),
            logits,
            labels,
        )


def test_the_defaults_are_those_of_the_released_scripts():
    loss = AdaptiveBatchConfusion(COUNTS)
    assert (loss.tau, loss.power) == (0.5, 0.5)


def test_extremes_and_config():
    logits, integers, _ = batch()
    check_extremes(lambda y, z: adaptive_batch_confusion(y, z, class_counts=COUNTS), integers)
    check_config(AdaptiveBatchConfusion(COUNTS, tau=0.2, power=0.7), logits)
    with pytest.raises(ValueError, match="tau=2"):
        AdaptiveBatchConfusion(COUNTS, tau=2)
