import math

import numpy as np
import pytest
from keras import ops

from ltzoo.losses import AdaptiveLogitAdjustment, adaptive_logit_adjustment
from ltzoo.losses.adaptive_logit_adjustment import quantity_factor
from tests.losses.loss_checks import (
    COUNTS,
    batch,
    check_config,
    check_extremes,
    check_value_and_gradient,
    softmax,
)


def published(labels, cosine, at, base, scale=10.0):
    """ALA of Zhao et al., a target class at a time; the difficulty is taken at ``at``."""
    y = np.eye(len(COUNTS))[labels] if labels.ndim == 1 else labels
    quantity = 1 / (np.log(COUNTS / COUNTS.min() + 1) / np.log(base))
    losses = np.zeros(len(cosine))
    for k in range(len(COUNTS)):
        adjusted = scale * cosine
        adjusted[:, k] -= scale * (1 - at[:, k]) / 2 * quantity[k]
        losses -= y[:, k] * np.log(softmax(adjusted)[:, k])
    return losses


@pytest.mark.parametrize("detach, base", [(True, 2.0), (False, math.e)])
def test_agrees_with_the_paper(detach, base):
    cosine, integers, soft = batch(bounded=True)

    def function(y, z):
        return adaptive_logit_adjustment(
            y, z, class_counts=COUNTS, scale=10.0, log_base=base, detach_difficulty=detach
        )

    def expected(y, z, at):
        return published(y, z, at if detach else z, base)

    for labels in (integers, soft):
        check_value_and_gradient(function, expected, cosine, labels)


def test_quantity_factor():
    np.testing.assert_allclose(quantity_factor([7, 3, 1]), 1 / np.log2([8, 4, 2]))
    assert quantity_factor(COUNTS)[-1] == 1.0 and (np.diff(quantity_factor(COUNTS)) > 0).all()
    np.testing.assert_allclose(quantity_factor([5, 5], log_base=math.e), 1 / np.log(2))


def test_scaled_predictions_are_the_same_loss():
    cosine, integers, _ = batch(bounded=True)
    z = ops.convert_to_tensor(cosine, "float32")
    one = adaptive_logit_adjustment(integers, z, class_counts=COUNTS, scale=16.0)
    two = adaptive_logit_adjustment(integers, 16.0 * z, class_counts=COUNTS, scale=16.0, from_cosine=False)
    np.testing.assert_allclose(ops.convert_to_numpy(one), ops.convert_to_numpy(two), rtol=1e-6)


def test_perfect_target_has_no_margin():
    cosine = np.array([[1.0, -0.2, 0.1, 0.0, 0.3]])
    loss = adaptive_logit_adjustment([0], ops.convert_to_tensor(cosine, "float32"), class_counts=COUNTS)
    np.testing.assert_allclose(ops.convert_to_numpy(loss), -np.log(softmax(30 * cosine)[:, 0]), atol=1e-6)


def test_extremes():
    check_extremes(
        lambda y, z: adaptive_logit_adjustment(y, z, class_counts=COUNTS, from_cosine=False), batch()[1]
    )


def test_loss_object():
    cosine, integers, _ = batch(bounded=True)
    loss = AdaptiveLogitAdjustment(class_counts=COUNTS, scale=10.0)
    check_config(loss, cosine)
    expected = published(integers, cosine, cosine, 2.0).mean()
    np.testing.assert_allclose(float(loss(integers, cosine.astype("float32"))), expected, rtol=1e-5)


def test_bad_arguments():
    for bad in ({"scale": 0}, {"log_base": 1.0}, {"class_counts": []}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            AdaptiveLogitAdjustment(**{"class_counts": COUNTS, **bad})
