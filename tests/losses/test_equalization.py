import numpy as np
import pytest
from keras import ops

from ltzoo.losses import Equalization, cross_entropy, equalization
from ltzoo.losses.equalization import rare_classes
from tests.losses.loss_checks import (
    COUNTS,
    batch,
    check_config,
    check_extremes,
    check_value_and_gradient,
)

THRESHOLD = 0.1  # classes 2, 3 and 4 of 672 images are rare


def published(labels, logits, beta):
    """Eq. 6-8 of Tan et al., one image and one target class at a time."""
    rare = COUNTS / COUNTS.sum() < THRESHOLD
    losses = np.zeros(len(logits))
    for i, z in enumerate(logits):
        for j in range(len(z)) if np.ndim(labels[i]) else [labels[i]]:
            y = np.eye(len(z))[j]
            w = 1 - np.broadcast_to(beta, logits.shape)[i] * rare * (1 - y)
            share = labels[i][j] if np.ndim(labels[i]) else 1.0
            losses[i] -= share * np.log(np.exp(z[j]) / (w * np.exp(z)).sum())
    return losses


@pytest.mark.parametrize("kind", ["ones", "drawn", "expected"])
def test_agrees_with_the_paper(kind):
    logits, integers, soft = batch()
    drawn = np.random.default_rng(3).integers(0, 2, logits.shape).astype("float64")
    beta = {"ones": 1.0, "drawn": drawn, "expected": 0.9}[kind]

    def function(y, z):
        return equalization(y, z, class_counts=COUNTS, threshold=THRESHOLD, beta=beta)

    for labels in (integers, soft):
        check_value_and_gradient(function, lambda y, z, at: published(y, z, beta), logits, labels)


def test_nothing_rare_or_beta_0_is_cross_entropy():
    logits, integers, _ = batch()
    logits = ops.convert_to_tensor(logits, "float32")
    expected = ops.convert_to_numpy(cross_entropy(integers, logits))
    for arguments in ({"threshold": 0.0}, {"threshold": THRESHOLD, "beta": 0.0}):
        actual = equalization(integers, logits, class_counts=COUNTS, **arguments)
        np.testing.assert_allclose(ops.convert_to_numpy(actual), expected, rtol=1e-5)
    uniform = equalization(integers, logits, class_counts=[7] * 5)
    np.testing.assert_allclose(ops.convert_to_numpy(uniform), expected, rtol=1e-5)


def test_rare_classes():
    assert rare_classes(COUNTS, THRESHOLD).tolist() == [False, False, True, True, True]
    assert rare_classes([500, 99, 1]).tolist() == [False, True, True]
    assert not rare_classes([5] * 10).any()


def test_a_rare_class_is_not_pushed_down_by_others():
    logits = ops.convert_to_tensor([[0.0, 0.0, 0.0, 0.0, 50.0]], "float32")
    loss = equalization([0], logits, class_counts=COUNTS, threshold=THRESHOLD)
    np.testing.assert_allclose(ops.convert_to_numpy(loss), np.log(2.0), rtol=1e-6)


@pytest.mark.parametrize("threshold", [0.1, 1.1])
def test_extremes(threshold):
    """With threshold 1.1 all classes are rare: only the target stays in the softmax, and the loss is 0."""

    def function(y, z):
        return equalization(y, z, class_counts=COUNTS, threshold=threshold)

    check_extremes(function, batch()[1])
    if threshold > 1:
        logits = ops.convert_to_tensor(batch()[0], "float32")
        np.testing.assert_array_equal(ops.convert_to_numpy(function(batch()[1], logits)), 0.0)


def test_loss_object():
    logits, _, soft = batch()
    loss = Equalization(class_counts=COUNTS, threshold=THRESHOLD)
    check_config(loss, logits)
    expected = published(soft, logits, 0.9).mean()
    np.testing.assert_allclose(float(loss(soft, logits.astype("float32"))), expected, rtol=1e-5)


def test_bad_arguments():
    for bad in ({"beta": 1.5}, {"threshold": -0.1}, {"class_counts": [3, 0]}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            Equalization(**{"class_counts": COUNTS, **bad})
    with pytest.raises(ValueError, match="class_counts of length 5"):
        equalization([0], ops.ones((1, 4)), class_counts=COUNTS)
    with pytest.raises(ValueError, match="two classes or more"):
        equalization([0], ops.ones((1, 1)), class_counts=[3])
