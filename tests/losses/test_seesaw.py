import numpy as np
import pytest
from keras import ops

from ltzoo.losses import Seesaw, cross_entropy, seesaw
from tests.losses.loss_checks import (
    COUNTS,
    batch,
    check_config,
    check_extremes,
    check_value_and_gradient,
    softmax,
)


def published(labels, logits, at, p=0.8, q=2.0, epsilon=0.0):
    """Eq. 3-7 of Wang et al., an image and a target class at a time; scores are taken at ``at``."""
    scores = softmax(at)
    losses = np.zeros(len(logits))
    for n, z in enumerate(logits):
        for i in range(len(z)) if np.ndim(labels[n]) else [labels[n]]:
            denominator = np.exp(z[i])
            for j in range(len(z)):
                if j == i:
                    continue
                mitigation = (COUNTS[j] / COUNTS[i]) ** p if COUNTS[i] > COUNTS[j] else 1.0
                ratio = scores[n, j] / max(scores[n, i], epsilon)
                compensation = ratio**q if ratio > 1 else 1.0
                denominator += mitigation * compensation * np.exp(z[j])
            losses[n] -= (labels[n][i] if np.ndim(labels[n]) else 1.0) * np.log(np.exp(z[i]) / denominator)
    return losses


@pytest.mark.parametrize("settings", [{}, {"p": 0.5, "q": 1.0, "epsilon": 0.2}])
def test_agrees_with_the_paper(settings):
    logits, integers, soft = batch()
    for labels in (integers, soft):
        check_value_and_gradient(
            lambda y, z: seesaw(y, z, class_counts=COUNTS, **settings),
            lambda y, z, at: published(y, z, at, **settings),
            logits,
            labels,
        )


def test_limits():
    logits, integers, _ = batch()
    z = ops.convert_to_tensor(logits, "float32")
    ce = ops.convert_to_numpy(cross_entropy(integers, z))
    for off in (
        seesaw(integers, z, class_counts=COUNTS, p=0.0, q=0.0),
        seesaw(integers, z, class_counts=[8] * 5, q=0.0),
    ):
        np.testing.assert_allclose(ops.convert_to_numpy(off), ce, rtol=1e-5)
    # Mitigation only lowers the loss, compensation only raises it.
    assert (ops.convert_to_numpy(seesaw(integers, z, class_counts=COUNTS, q=0.0)) <= ce + 1e-6).all()
    assert (ops.convert_to_numpy(seesaw(integers, z, class_counts=COUNTS, p=0.0)) >= ce - 1e-6).all()


def test_one_hot_labels_are_integer_labels():
    logits, integers, _ = batch()
    z = ops.convert_to_tensor(logits, "float32")
    one = seesaw(integers, z, class_counts=COUNTS)
    two = seesaw(np.eye(5)[integers], z, class_counts=COUNTS)
    np.testing.assert_allclose(ops.convert_to_numpy(one), ops.convert_to_numpy(two), rtol=1e-6)


@pytest.mark.parametrize("epsilon", [0.0, 0.01])
def test_extremes(epsilon):
    check_extremes(lambda y, z: seesaw(y, z, class_counts=COUNTS, epsilon=epsilon), batch()[1])


def test_loss_object():
    logits, integers, soft = batch()
    loss = Seesaw(class_counts=COUNTS, epsilon=0.01)
    check_config(loss, logits)
    for labels in (integers, soft):
        expected = published(labels, logits, logits, epsilon=0.01).mean()
        np.testing.assert_allclose(float(loss(labels, logits.astype("float32"))), expected, rtol=1e-5)


def test_bad_arguments():
    for bad in ({"p": -1}, {"q": -1}, {"epsilon": 1.0}, {"class_counts": [1.5]}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            Seesaw(**{"class_counts": COUNTS, **bad})
    with pytest.raises(ValueError, match=r"shape \(2, 3\)"):
        seesaw(np.ones((2, 3)), ops.ones((2, 5)), class_counts=COUNTS)
