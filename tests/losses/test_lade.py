import numpy as np
import pytest
from keras import ops

from ltzoo.losses import LADE, cross_entropy, label_distribution_regularizer, lade
from tests.losses.loss_checks import (
    COUNTS,
    batch,
    check_config,
    check_extremes,
    check_value_and_gradient,
    softmax,
)

PRIOR = COUNTS / COUNTS.sum()


def matrix(labels):
    return np.eye(len(COUNTS))[labels] if labels.ndim == 1 else labels


def published(labels, logits, alpha, penalty, importance):
    """PC softmax and LADER of Hong et al., a class at a time."""
    y = matrix(labels)
    classes = len(COUNTS)
    regularizer = 0.0
    for c in range(classes):
        count = y[:, c].sum()
        first = (y[:, c] * logits[:, c]).sum() / count if count else 0.0
        if importance == "sample":
            weight = (y * (1 / classes / PRIOR)).sum(1)
        else:
            weight = np.full(len(y), 1 / classes / PRIOR[c])
        second = np.log((weight * np.exp(logits[:, c])).mean())
        regularizer += PRIOR[c] * (second - first + penalty * second**2)
    ce = -(y * np.log(softmax(logits + np.log(PRIOR)))).sum(1)
    return ce + alpha * regularizer


@pytest.mark.parametrize("importance", ["sample", "class"])
def test_agrees_with_the_paper(importance):
    logits, integers, soft = batch(spread=1.0)
    settings = {"alpha": 0.3, "penalty": 0.2, "importance": importance}

    def function(y, z):
        return lade(y, z, class_counts=COUNTS, **settings)

    for labels in (integers, soft, np.zeros(7, int)):
        check_value_and_gradient(function, lambda y, z, at: published(y, z, **settings), logits, labels)


def test_regularizer_is_the_part_that_alpha_weights():
    logits, integers, _ = batch()
    logits = ops.convert_to_tensor(logits, "float32")
    with_it = lade(integers, logits, class_counts=COUNTS, alpha=1.0)
    without = lade(integers, logits, class_counts=COUNTS, alpha=0.0)
    regularizer = label_distribution_regularizer(integers, logits, class_counts=COUNTS)
    difference = ops.convert_to_numpy(with_it - without)
    np.testing.assert_allclose(difference, np.full(7, float(regularizer)), rtol=1e-4)


def test_uniform_counts_without_regularizer_are_cross_entropy():
    logits, integers, _ = batch()
    logits = ops.convert_to_tensor(logits, "float32")
    actual = lade(integers, logits, class_counts=[4] * 5, alpha=0.0)
    expected = cross_entropy(integers, logits)
    np.testing.assert_allclose(ops.convert_to_numpy(actual), ops.convert_to_numpy(expected), rtol=1e-5)


def test_importance_weights_differ_unless_the_prior_is_uniform():
    logits, integers, _ = batch()
    logits = ops.convert_to_tensor(logits, "float32")

    def value(counts, importance):
        return float(
            label_distribution_regularizer(integers, logits, class_counts=counts, importance=importance)
        )

    assert abs(value(COUNTS, "sample") - value(COUNTS, "class")) > 0.1
    np.testing.assert_allclose(value([4] * 5, "sample"), value([4] * 5, "class"), rtol=1e-5)


def test_extremes():
    check_extremes(lambda y, z: lade(y, z, class_counts=COUNTS), batch()[1])


def test_loss_object_is_the_batch_loss():
    logits, integers, _ = batch()
    loss = LADE(class_counts=COUNTS, alpha=0.2, importance="class")
    check_config(loss, logits)
    expected = published(integers, logits, 0.2, 0.1, "class").mean()
    np.testing.assert_allclose(float(loss(integers, logits.astype("float32"))), expected, rtol=1e-5)


def test_bad_arguments():
    for bad in ({"alpha": -1}, {"penalty": -1}, {"importance": "image"}, {"class_counts": [0]}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            LADE(**{"class_counts": COUNTS, **bad})
    with pytest.raises(ValueError, match="importance='image'"):
        lade([0], ops.ones((1, 5)), class_counts=COUNTS, importance="image")
