import numpy as np
import pytest
from keras import ops

from ltzoo.losses import logit_adjustment
from ltzoo.losses.vector_scaling import VectorScaling, vector_scaling
from tests.losses.loss_checks import (
    COUNTS,
    batch,
    check_config,
    check_extremes,
    check_value_and_gradient,
    softmax,
)


@pytest.mark.parametrize(("gamma", "tau"), [(0.3, 1.0), (0.2, 1.2), (0.5, 0.0)])
def test_agrees_with_the_paper(gamma, tau):
    logits, integers, soft = batch()
    divisor = (500 / COUNTS) ** gamma
    shift = tau * np.log(COUNTS / COUNTS.sum())
    for labels, matrix in ((integers, np.eye(5)[integers]), (soft, soft)):
        check_value_and_gradient(
            lambda y, z: vector_scaling(y, z, class_counts=COUNTS, gamma=gamma, tau=tau),
            lambda y, z, at, matrix=matrix: -(matrix * np.log(softmax(z / divisor + shift))).sum(1),
            logits,
            labels,
        )


def test_without_a_divisor_it_is_logit_adjustment():
    logits, integers, _ = batch()
    logits = ops.convert_to_tensor(logits, "float32")
    np.testing.assert_allclose(
        ops.convert_to_numpy(vector_scaling(integers, logits, class_counts=COUNTS, gamma=0.0, tau=1.2)),
        ops.convert_to_numpy(logit_adjustment(integers, logits, class_counts=COUNTS, tau=1.2)),
        rtol=1e-6,
    )


def test_extremes_and_config():
    logits, integers, _ = batch()
    check_extremes(lambda y, z: vector_scaling(y, z, class_counts=COUNTS), integers)
    check_config(VectorScaling(COUNTS, gamma=0.1, tau=0.7), logits)
    with pytest.raises(ValueError, match="gamma=-1"):
        VectorScaling(COUNTS, gamma=-1)
