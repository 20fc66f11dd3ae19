"""The fit on logits: formulas, known answers, and restraint where images are few."""

import numpy as np
import pytest

from ltzoo.posthoc.correction import EXCLUDED, Correction, unchanged
from ltzoo.posthoc.fit import fit_correction, stratified_folds
from ltzoo.posthoc.minimize import minimize
from ltzoo.posthoc.objective import (
    effective_number,
    fit_bias,
    fit_scalars,
    importance_weights,
    negative_log_likelihood,
    smoothed_labels,
)
from tests.posthoc.problems import CLASSES, PRIOR, model_outputs, reference_log_softmax

UNIFORM = np.full(CLASSES, 1 / CLASSES)


def test_minimize_finds_the_least_of_a_quadratic_of_bad_condition():
    rng = np.random.default_rng(0)
    basis, _ = np.linalg.qr(rng.standard_normal((20, 20)))
    matrix, aim = basis @ np.diag(np.logspace(0, 4, 20)) @ basis.T, rng.standard_normal(20)

    def function(point):
        return 0.5 * (point - aim) @ matrix @ (point - aim), matrix @ (point - aim)

    np.testing.assert_allclose(minimize(function, np.zeros(20), tolerance=1e-8), aim, atol=1e-6)


def test_weights_give_the_classes_the_shares_of_the_target():
    labels = np.array([0, 0, 0, 0, 1, 1, 2])
    weights = importance_weights(labels, np.array([0.2, 0.3, 0.5]))
    np.testing.assert_allclose(weights, 7 * np.array([0.05] * 4 + [0.15] * 2 + [0.5]))
    # A class without images: the others share its weight.
    weights = importance_weights(labels, np.array([0.1, 0.1, 0.2, 0.6]))
    np.testing.assert_allclose([weights[labels == c].sum() / 7 for c in range(3)], [0.25, 0.25, 0.5])
    with pytest.raises(ValueError, match="images of the classes of the target prior"):
        importance_weights(labels, np.array([0, 0, 0, 1.0]))


def test_the_likelihood_in_extended_precision():
    logits, labels = model_outputs(50, PRIOR, 1)
    expected = -reference_log_softmax(50 * logits)[np.arange(50), labels]
    found = negative_log_likelihood(50 * logits, labels)
    np.testing.assert_allclose(found, expected.astype(float), rtol=1e-12, atol=1e-15)


def test_labels_are_smoothed_by_the_rule_of_platt():
    labels, weights = np.array([0, 1, 1, 2]), np.array([2.0, 1, 1, 0])
    rows = smoothed_labels(labels, weights, np.array([0.5, 0.25, 0.25]))
    share = 1 / (16 / 6 + 2)
    assert effective_number(weights) == pytest.approx(16 / 6)
    np.testing.assert_allclose(rows[0], [1 - share / 2, share / 4, share / 4])
    np.testing.assert_allclose(rows.sum(axis=1), 1)


def test_the_scalars_are_where_the_derivatives_are_zero():
    logits, labels = model_outputs(400, PRIOR, 2, temperature=0.7)
    weights = importance_weights(labels, UNIFORM)
    direction, offset = np.log(PRIOR), np.linspace(-1, 1, CLASSES)
    soft = smoothed_labels(labels, weights, UNIFORM)
    factor, tau = fit_scalars(logits, soft, weights, direction, offset)

    def value(factor, tau):
        log_p = reference_log_softmax(factor * logits - tau * direction + offset)
        return float(-(weights * (soft * log_p).sum(axis=1)).sum() / weights.sum())

    for a, b in ((1e-3, 0), (-1e-3, 0), (0, 1e-3), (0, -1e-3), (0.2, 0.3), (-0.2, -0.3)):
        assert value(factor + a, tau + b) > value(factor, tau)
    slope = (value(factor + 1e-5, tau) - value(factor - 1e-5, tau)) / 2e-5
    slope_of_tau = (value(factor, tau + 1e-5) - value(factor, tau - 1e-5)) / 2e-5
    assert abs(slope) < 1e-6 and abs(slope_of_tau) < 1e-6


@pytest.mark.parametrize("temperature, share", [(1.0, 1.0), (0.5, 1.0), (1.6, 0.0), (0.8, 0.5)])
def test_the_numbers_that_the_model_was_made_with_come_back(temperature, share):
    logits, labels = model_outputs(20_000, PRIOR, 3, temperature, share)
    correction = fit_correction(logits, labels, np.log(PRIOR), UNIFORM).correction
    # z / T' - tau log p is the likelihood with T' = 1 / temperature and tau = share.
    assert correction.temperature == pytest.approx(1 / temperature, rel=0.06)
    assert correction.prior_share == pytest.approx(share, abs=0.08)


@pytest.mark.parametrize("target", [UNIFORM, PRIOR, PRIOR[::-1].copy()])
def test_corrected_probabilities_are_the_posteriors_under_the_target(target):
    logits, labels = model_outputs(20_000, PRIOR, 4, temperature=0.6)
    correction = fit_correction(logits, labels, np.log(PRIOR), target).correction
    new, new_labels = model_outputs(20_000, target, 5, temperature=0.6)
    posterior = reference_log_softmax(0.6 * new - np.log(PRIOR) + np.log(target))
    best = float(-posterior[np.arange(len(new)), new_labels].mean())
    reached = negative_log_likelihood(correction.apply(new), new_labels).mean()
    assert reached < best + 0.01
    unfitted = negative_log_likelihood(new, new_labels).mean()
    assert unfitted > best + 0.02


def test_a_model_that_is_right_stays_as_it_is():
    logits, labels = model_outputs(3000, PRIOR, 6)
    fitted = fit_correction(logits, labels, np.log(PRIOR), PRIOR, bias=True)
    assert fitted.correction.steps == "none"
    np.testing.assert_array_equal(fitted.correction.apply(logits), logits)
    assert set(fitted.scores) == {"none", "temperature", "prior", "bias"}


@pytest.mark.parametrize("seed", range(8))
def test_few_images_never_make_a_right_model_much_worse(seed):
    logits, labels = model_outputs(25, PRIOR, 100 + seed)
    correction = fit_correction(logits, labels, np.log(PRIOR), PRIOR, bias=True, seed=seed).correction
    new, new_labels = model_outputs(5000, PRIOR, 7)
    before = negative_log_likelihood(new, new_labels).mean()
    assert negative_log_likelihood(correction.apply(new), new_labels).mean() < before + 0.1


def test_a_bias_is_used_only_where_it_helps_and_only_for_classes_with_images():
    logits, labels = model_outputs(6000, UNIFORM, 8)
    wrong = logits + np.array([0, 0, 1.5, 0, -1.5, 0])
    fitted = fit_correction(wrong, labels, np.log(PRIOR), UNIFORM, bias=True)
    assert fitted.correction.steps == "bias"
    plain = fit_correction(wrong, labels, np.log(PRIOR), UNIFORM)
    new, new_labels = model_outputs(6000, UNIFORM, 80)
    best = negative_log_likelihood(new - np.log(PRIOR), new_labels).mean()
    new = new + np.array([0, 0, 1.5, 0, -1.5, 0])
    reached, without = (
        negative_log_likelihood(one.correction.apply(new), new_labels).mean() for one in (fitted, plain)
    )
    assert reached < best + 0.01 and without > best + 0.03
    some = labels < 4
    soft = smoothed_labels(labels[some], np.ones(some.sum()), UNIFORM)
    bias = fit_bias(wrong[some], soft, np.ones(some.sum()), 1.0, np.arange(6) < 4)
    assert (bias[4:] == 0).all() and (bias[:4] != 0).all()


def test_accuracy_as_the_objective_is_best_among_the_shares_that_are_tried():
    logits, labels = model_outputs(2000, PRIOR, 9, temperature=0.5)
    correction = fit_correction(logits, labels, np.log(PRIOR), UNIFORM, objective="accuracy").correction
    weights = importance_weights(labels, UNIFORM)

    def accuracy(shift):
        return weights @ ((logits / correction.temperature + shift).argmax(axis=1) == labels)

    centered = np.log(PRIOR) - np.log(PRIOR).mean()
    others = [accuracy(-tau * centered) for tau in (-0.5, 0.0, 0.5, 1.5, 2.5)]
    # The temperature is fitted again after tau, so that the two are compared near each other only.
    assert accuracy(correction.shift) >= max(others) - 0.02 * len(labels)
    assert accuracy(correction.shift) > accuracy(np.zeros(CLASSES)) + 0.03 * len(labels)


def test_excluded_classes_get_no_probability():
    target = np.array([0.5, 0, 0.25, 0.25, 0, 0])
    logits, labels = model_outputs(500, target, 10)
    correction = fit_correction(logits, labels, np.log(PRIOR), target).correction
    log_p = reference_log_softmax(correction.apply(logits))
    assert correction.allowed.tolist() == [True, False, True, True, False, False]
    assert (np.exp(log_p[:, [1, 4, 5]].astype(float)) == 0).all()
    assert np.float16(EXCLUDED) == EXCLUDED


def test_folds_are_even_stratified_and_repeatable():
    labels = np.random.default_rng(0).choice(CLASSES, 203, p=PRIOR)
    folds = stratified_folds(labels, 5, 3)
    np.testing.assert_array_equal(folds, stratified_folds(labels, 5, 3))
    assert np.ptp(np.bincount(folds)) <= 1
    for label in range(CLASSES):
        assert np.ptp(np.bincount(folds[labels == label], minlength=5)) <= 1
    assert (folds != stratified_folds(labels, 5, 4)).any()


def test_out_of_fold_logits_come_from_fits_without_the_fold():
    logits, labels = model_outputs(300, PRIOR, 11, temperature=0.4)
    fitted = fit_correction(logits, labels, np.log(PRIOR), UNIFORM, seed=5)
    folds = stratified_folds(labels, 5, 5)
    centered = np.log(PRIOR) - np.log(PRIOR).mean()
    for fold in range(5):
        rest = folds != fold
        weights = importance_weights(labels[rest], UNIFORM)
        soft = smoothed_labels(labels[rest], weights, UNIFORM)
        factor, tau = fit_scalars(logits[rest], soft, weights, centered, np.zeros(CLASSES))
        expected = logits[~rest] * factor - tau * centered
        np.testing.assert_allclose(fitted.out_of_fold[~rest], expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("count", [1, 9])
def test_next_to_no_images_change_nothing(count):
    logits, labels = model_outputs(count, PRIOR, 0)
    assert fit_correction(logits, labels, np.log(PRIOR), UNIFORM).correction.steps == "none"


def test_a_correction_goes_through_json():
    correction = Correction(1.25, 0.75, np.array([0.5, -0.25, EXCLUDED]), "bias")
    again = Correction.from_dict(correction.to_dict())
    assert again.to_dict() == correction.to_dict()
    logits = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(again.apply(logits), logits / 1.25 + correction.shift)
    np.testing.assert_array_equal(unchanged(3).apply(logits), logits)
    for wrong in (
        {},
        {**correction.to_dict(), "temperature": 0},
        {**correction.to_dict(), "shift": ["x", 1]},
        [],
    ):
        with pytest.raises(ValueError, match="`values` must have a `temperature`"):
            Correction.from_dict(wrong)
