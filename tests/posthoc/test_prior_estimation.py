"""Class shares of unlabelled images: known shifts come back, and failures are named."""

import numpy as np
import pytest

from ltzoo.posthoc import estimate_prior, rebalance
from ltzoo.posthoc.outputs import softmax
from tests.posthoc.problems import CLASSES, COUNTS, PRIOR, model_outputs

SHIFTED = np.array([0.05, 0.1, 0.15, 0.3, 0.25, 0.15])
FLAT = np.full(CLASSES, 1 / CLASSES)


def test_em_by_the_formula():
    probabilities = softmax(model_outputs(40, SHIFTED, 0)[0])
    shares = PRIOR.copy()
    for _ in range(3):
        posterior = np.array([row * shares / PRIOR / (row * shares / PRIOR).sum() for row in probabilities])
        shares = posterior.mean(axis=0)
    with pytest.warns(UserWarning, match="EM has not converged after 3 steps"):
        found = estimate_prior(probabilities, PRIOR, iterations=3)
    np.testing.assert_allclose(found.prior, shares, rtol=1e-12)
    assert found.iterations == 3 and not found.converged


@pytest.mark.parametrize("method, tolerance", [("em", 0.02), ("bbse", 0.04), ("rlls", 0.08)])
def test_a_known_shift_comes_back(method, tolerance):
    new, _ = model_outputs(8000, SHIFTED, 1)
    held_out = model_outputs(8000, FLAT, 2)
    found = estimate_prior(new, PRIOR, method, held_out=held_out)
    assert found.converged and found.prior.sum() == pytest.approx(1)
    assert np.abs(found.prior - SHIFTED).max() < tolerance
    assert np.abs(found.prior - SHIFTED).max() < 0.3 * np.abs(PRIOR - SHIFTED).max()


def test_bbse_by_the_formula_of_the_paper():
    """With w = q / p and the joint matrix C of predicted and true classes: C w = m."""
    new, _ = model_outputs(500, SHIFTED, 3)
    logits, labels = model_outputs(3000, FLAT, 4)
    conditional = np.zeros((CLASSES, CLASSES))
    for predicted, label in zip(logits.argmax(axis=1), labels, strict=True):
        conditional[predicted, label] += 1
    joint = conditional / conditional.sum(axis=0) * PRIOR
    weights = np.linalg.solve(joint, np.bincount(new.argmax(axis=1), minlength=CLASSES) / len(new))
    expected = np.maximum(weights * PRIOR, 0)
    found = estimate_prior(new, PRIOR, "bbse", held_out=(logits, labels))
    np.testing.assert_allclose(found.prior, expected / expected.sum(), atol=1e-10)
    assert found.condition == pytest.approx(np.linalg.cond(conditional / conditional.sum(axis=0)))


def test_rlls_minimizes_its_objective_and_stays_at_the_prior_without_evidence():
    new, _ = model_outputs(2000, SHIFTED, 5)
    logits, labels = model_outputs(1500, FLAT, 6)
    found = estimate_prior(new, PRIOR, "rlls", held_out=(logits, labels))
    conditional = np.zeros((CLASSES, CLASSES))
    np.add.at(conditional, (logits.argmax(axis=1), labels), 1)
    matrix = conditional / conditional.sum(axis=0)
    aim = np.bincount(new.argmax(axis=1), minlength=CLASSES) / len(new) - matrix @ PRIOR
    size = np.sqrt(np.log(2 * CLASSES / 0.05)) * (1500**-0.5 + 2000**-0.5) / 3

    def objective(step):
        return np.linalg.norm(matrix @ step - aim) + size * np.linalg.norm(step)

    assert found.negative == 0
    step, rng = found.prior - PRIOR, np.random.default_rng(0)
    for scale in (1e-2, 1e-3):
        for _ in range(200):
            # The shares of the least step sum to 1 up to 1e-3, and are divided by their sum.
            assert objective(step + scale * rng.standard_normal(CLASSES)) > objective(step) - 1e-3 * scale
    same, _ = model_outputs(2000, PRIOR, 7)
    still = estimate_prior(same, PRIOR, "rlls", held_out=model_outputs(1500, PRIOR, 8))
    assert np.abs(still.prior - PRIOR).max() < 0.03


def test_failures_are_named():
    new, _ = model_outputs(300, SHIFTED, 9)
    logits, labels = model_outputs(900, FLAT, 10)
    with pytest.raises(ValueError, match="images of every class"):
        estimate_prior(new, PRIOR, "bbse", held_out=(logits[labels > 0], labels[labels > 0]))
    blind = np.zeros((600, CLASSES))
    blind[:, 0] = 1
    with pytest.raises(ValueError, match="condition number"):
        estimate_prior(new, PRIOR, "bbse", held_out=(blind, labels[:600]), outputs="logits")
    with pytest.raises(ValueError, match="`held_out` must be"):
        estimate_prior(new, PRIOR, "rlls")
    with pytest.raises(ValueError, match="`method` must be one of 'em', 'bbse', 'rlls'"):
        estimate_prior(new, PRIOR, "emm")
    with pytest.raises(ValueError, match="`source_prior` must have a share above 0"):
        estimate_prior(new, np.zeros(CLASSES))
    with pytest.warns(UserWarning, match="from only 3 unlabelled images"):
        estimate_prior(new[:3], PRIOR)


def test_rebalancing_to_an_estimated_prior_gains_where_the_shares_differ():
    logits, labels = model_outputs(3000, PRIOR, 11, temperature=0.6)
    new, new_labels = model_outputs(4000, SHIFTED, 12, temperature=0.6)
    result = rebalance(logits, labels, COUNTS, "estimate", unlabelled=new)
    assert result.estimate is not None and np.abs(result.estimate.prior - SHIFTED).max() < 0.05
    before, after = ((z.argmax(axis=1) == new_labels).mean() for z in (new, result.apply(new)))
    assert after > before + 0.05
    with pytest.raises(ValueError, match="`unlabelled` must be"):
        rebalance(logits, labels, COUNTS, "estimate")
    with pytest.raises(ValueError, match="`unlabelled` must be None"):
        rebalance(logits, labels, COUNTS, unlabelled=new)
