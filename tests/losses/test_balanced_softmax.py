import numpy as np
import pytest

from ltzoo.losses import BalancedSoftmax, LogitAdjustment, balanced_softmax
from tests.losses.loss_checks import COUNTS, batch, check_value_and_gradient


def test_agrees_with_the_paper():
    logits, integers, soft = batch()

    def formula(y, z, at):
        matrix = y if y.ndim == 2 else np.eye(5)[y]
        share = COUNTS * np.exp(z) / (COUNTS * np.exp(z)).sum(1, keepdims=True)
        return -(matrix * np.log(share)).sum(1)

    for labels in (integers, soft):
        check_value_and_gradient(
            lambda y, z: balanced_softmax(y, z, class_counts=COUNTS), formula, logits, labels
        )


def test_it_is_logit_adjustment_with_tau_1():
    logits, _, soft = batch()
    one, two = BalancedSoftmax(COUNTS), LogitAdjustment(COUNTS, tau=1.0)
    assert float(one(soft, logits.astype("float32"))) == float(two(soft, logits.astype("float32")))


def test_bad_counts():
    with pytest.raises(ValueError, match="class_counts"):
        BalancedSoftmax([0, 2])
