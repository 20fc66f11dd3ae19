import numpy as np
import pytest
from keras import ops

from ltzoo.class_counts import long_tail_counts
from ltzoo.losses import (
    LogitAdjustment,
    log_prior,
    logit_adjustment,
    post_hoc_logit_adjustment,
)
from ltzoo.losses.logit_adjustment import smoothing_target
from tests.losses.loss_checks import COUNTS, batch, check_value_and_gradient, softmax


@pytest.mark.parametrize("tau", [0.0, 0.5, 1.0])
def test_agrees_with_the_paper(tau):
    logits, integers, soft = batch()
    prior = COUNTS / COUNTS.sum()
    for labels, matrix in ((integers, np.eye(5)[integers]), (soft, soft)):
        check_value_and_gradient(
            lambda y, z: logit_adjustment(y, z, class_counts=COUNTS, tau=tau),
            lambda y, z, at, matrix=matrix: -(matrix * np.log(softmax(z + tau * np.log(prior)))).sum(1),
            logits,
            labels,
        )


def test_post_hoc_correction_is_the_inverse_of_the_trained_one():
    logits, integers, _ = batch()
    z = ops.convert_to_tensor(logits, "float32")
    corrected = post_hoc_logit_adjustment(z, COUNTS, tau=1.0)
    expected = logits - np.log(COUNTS / COUNTS.sum())
    np.testing.assert_allclose(ops.convert_to_numpy(corrected), expected, rtol=1e-5)
    trained = logit_adjustment(integers, corrected, class_counts=COUNTS)
    plain = -np.log(softmax(logits))[np.arange(7), integers]
    np.testing.assert_allclose(ops.convert_to_numpy(trained), plain, rtol=1e-5)
    np.testing.assert_allclose(np.exp(log_prior(COUNTS)).sum(), 1.0, rtol=1e-12)


def test_bad_counts():
    with pytest.raises(ValueError, match="class_counts"):
        LogitAdjustment([1.5, 2.0])
    with pytest.raises(ValueError, match="length 5"):
        logit_adjustment([0], ops.ones((1, 4)), class_counts=COUNTS)


@pytest.mark.parametrize("smooth_toward", ["uniform", "prior"])
def test_label_smoothing_spreads_the_labels_and_their_prior(smooth_toward):
    z = np.random.default_rng(2).standard_normal((4, len(COUNTS))).astype("float32")
    labels = np.array([0, 1, 2, 0])
    frequency = np.asarray(COUNTS) / sum(COUNTS)
    toward = 1 / len(COUNTS) if smooth_toward == "uniform" else frequency
    soft = 0.8 * np.eye(len(COUNTS))[labels] + 0.2 * toward
    prior = 0.8 * frequency + 0.2 * toward
    settings = {"label_smoothing": 0.2, "smooth_toward": smooth_toward}
    smoothed = logit_adjustment(labels, z, class_counts=COUNTS, **settings)
    expected = -np.sum(soft * np.log(softmax(z + np.log(prior))), axis=1)
    np.testing.assert_allclose(ops.convert_to_numpy(smoothed), expected, rtol=1e-5)
    loss = LogitAdjustment.from_config(LogitAdjustment(COUNTS, **settings).get_config())
    assert (loss.label_smoothing, loss.smooth_toward) == (0.2, smooth_toward)
    np.testing.assert_allclose(float(loss(labels, z)), expected.mean(), rtol=1e-5)
    with pytest.raises(ValueError, match="label_smoothing=-0.1"):
        LogitAdjustment(COUNTS, label_smoothing=-0.1)
    with pytest.raises(ValueError, match="smooth_toward='counts'"):
        LogitAdjustment(COUNTS, smooth_toward="counts")


@pytest.mark.parametrize("smooth_toward, expected", [("uniform", 0.457), ("prior", 0.722)])
def test_what_a_perfect_model_says_of_the_largest_class(smooth_toward, expected):
    # CIFAR-10-LT at imbalance factor 100: the figures of benchmarks/cifar10_lt/own_recipes.md.
    counts = long_tail_counts(5000, 10, 100)
    labels = np.log(0.9 * np.eye(10)[0] + 0.1 * smoothing_target(counts, smooth_toward))
    best = softmax((labels - log_prior(counts, 0.1, smooth_toward))[None])
    np.testing.assert_allclose(best[0, 0], expected, atol=5e-4)


@pytest.mark.parametrize("smooth_toward", ["uniform", "prior"])
def test_smoothed_adjustment_prefers_no_class_where_nothing_is_known(smooth_toward):
    # The best constant logits for labels that follow the counts are equal for all classes.
    frequent = np.repeat(np.arange(len(COUNTS)), COUNTS)
    best = _mean(frequent, np.zeros(len(COUNTS)), smooth_toward)
    for c in range(len(COUNTS)):
        for step in (-0.05, 0.05):
            assert _mean(frequent, step * np.eye(len(COUNTS))[c], smooth_toward) > best


def _mean(labels, logits, smooth_toward):
    z = np.tile(logits, (len(labels), 1)).astype("float64")
    settings = {"label_smoothing": 0.3, "smooth_toward": smooth_toward}
    losses = logit_adjustment(labels, z, class_counts=COUNTS, **settings)
    return float(np.mean(ops.convert_to_numpy(losses).astype("float64")))
