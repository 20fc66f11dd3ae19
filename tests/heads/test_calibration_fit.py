import numpy as np
import pytest
from scipy.optimize import minimize

from ltzoo.heads.calibration_fit import fit_calibration

LOG_PRIOR = np.log([0.7, 0.2, 0.1])


def drawn(factor, share, count=6000, seed=0):
    """Labels drawn from softmax(factor * logits + share * log prior)."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 2, (count, 3))
    gumbel = generator.gumbel(size=(count, 3))
    return logits, (factor * logits + share * LOG_PRIOR + gumbel).argmax(axis=1)


@pytest.mark.parametrize(("factor", "share"), [(1.0, 0.0), (0.4, 0.5), (2.5, -0.3)])
def test_it_finds_the_numbers_that_the_labels_were_drawn_with(factor, share):
    fitted = fit_calibration(*drawn(factor, share), LOG_PRIOR, "data")
    assert fitted.factor == pytest.approx(factor, rel=0.08)
    assert fitted.share == pytest.approx(share, abs=0.08)


@pytest.mark.parametrize("target", ["uniform", "data"])
def test_it_is_the_minimum_that_another_optimizer_finds(target):
    logits, labels = drawn(0.5, 0.8, count=300)
    weights = 1 / np.bincount(labels)[labels] if target == "uniform" else np.ones(300)
    fitted = fit_calibration(logits, labels, LOG_PRIOR, target)

    def loss(at):
        z = at[0] * logits + at[1] * LOG_PRIOR
        likelihood = np.log(np.exp(z).sum(axis=1)) - z[np.arange(300), labels]
        return weights @ likelihood / weights.sum() + ((at[0] - 1) ** 2 + at[1] ** 2) / 600

    best = minimize(loss, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}).x
    assert fitted.share / fitted.factor == pytest.approx(best[1] / best[0], rel=1e-4)
    assert target == "uniform" or fitted.factor == pytest.approx(best[0], rel=1e-4)


def test_a_uniform_target_counts_every_class_the_same():
    generator = np.random.default_rng(0)
    labels = generator.choice(3, 20_000, p=np.exp(LOG_PRIOR))
    # The logarithm of the density of x around the class, up to what all classes share.
    logits = 2.0 * (2.0 * np.eye(3)[labels] + generator.normal(size=(20_000, 3)))
    np.testing.assert_allclose(fit_calibration(logits, labels, LOG_PRIOR, "uniform")[1], 0, atol=0.05)
    np.testing.assert_allclose(fit_calibration(logits, labels, LOG_PRIOR, "data"), (1, 1), atol=0.05)


def test_the_confidence_holds_for_the_images_at_hand():
    logits, labels = drawn(1.6, 0.4, count=20_000)
    factor, share = fit_calibration(logits, labels, LOG_PRIOR, "uniform")
    z = factor * logits + share * LOG_PRIOR
    probabilities = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    confidence, right = probabilities.max(axis=1).mean(), (z.argmax(axis=1) == labels).mean()
    assert confidence == pytest.approx(right, abs=0.02)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_images_keep_the_numbers_finite(count):
    logits, labels = drawn(1.0, 0.0)
    factor, share = fit_calibration(logits[:count], labels[:count], LOG_PRIOR)
    assert 0.02 <= factor <= 50
    assert abs(share) < 10
    assert (factor, share) == (1.0, 0.0) or count


def test_right_logits_do_not_grow_without_limit():
    labels = np.repeat([0, 1, 2], 20)
    factor, share = fit_calibration(100.0 * np.eye(3)[labels], labels, np.log([1 / 3] * 3))
    assert 1.0 <= factor <= 50
    assert share == pytest.approx(0.0, abs=1e-6)


def test_huge_wrong_logits():
    labels = np.repeat([0, 1, 2], 20)
    factor, _ = fit_calibration(1e4 * np.eye(3)[(labels + 1) % 3], labels, LOG_PRIOR)
    assert factor == pytest.approx(0.02)


def test_several_classifiers_are_weighed_by_their_worth():
    logits, labels = drawn(1.0, 0.0)
    noise = np.random.default_rng(5).normal(size=logits.shape)
    alone = fit_calibration(logits, labels, LOG_PRIOR, "data")
    factors, share = fit_calibration(np.stack([noise, 100 * logits]), labels, LOG_PRIOR, "data")
    np.testing.assert_allclose([100 * factors[1], share], alone, atol=0.02)
    assert abs(factors[0]) < 0.1


def test_harmful_classifiers_are_left_out():
    logits, labels = drawn(1.0, 0.0)
    alone = fit_calibration(logits, labels, LOG_PRIOR)
    contrary = np.random.default_rng(5).normal(size=logits.shape) - 0.5 * np.eye(logits.shape[1])[labels]
    factors, share = fit_calibration(np.stack([logits, contrary]), labels, LOG_PRIOR)
    assert factors[1] == 0
    np.testing.assert_allclose([factors[0], share], alone)
    factors, _ = fit_calibration(np.stack([logits, contrary, logits + contrary]), labels, LOG_PRIOR)
    assert factors[1] == 0 and min(factors) >= 0 < factors[0]
