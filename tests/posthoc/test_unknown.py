"""Scores and thresholds for images of no known class."""

import numpy as np
import pytest

from ltzoo.posthoc import Unknown, auroc, unknown_scores, unknown_threshold

RNG = np.random.default_rng(0)
LOGITS = RNG.standard_normal((200, 5)) * 3


def test_scores_by_their_formulas():
    exponentials = np.exp(LOGITS)
    softmax = exponentials / exponentials.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(unknown_scores("softmax", LOGITS), -np.log(softmax.max(axis=1)))
    np.testing.assert_allclose(unknown_scores("energy", LOGITS), -np.log(exponentials.sum(axis=1)))
    assert np.isfinite(unknown_scores("energy", 1e4 * LOGITS)).all()
    bank, features = RNG.standard_normal((30, 4)), RNG.standard_normal((7, 4))
    expected = []
    for feature in features / np.linalg.norm(features, axis=1, keepdims=True):
        distances = [np.linalg.norm(feature - row / np.linalg.norm(row)) for row in bank]
        expected.append(sorted(distances)[2])
    found = unknown_scores("knn", features=features, bank=bank, neighbors=3)
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_auroc_counts_pairs():
    known, unknown = RNG.integers(0, 6, 40), RNG.integers(2, 9, 30)
    pairs = [(u > k) + 0.5 * (u == k) for u in unknown for k in known]
    assert auroc(known, unknown) == pytest.approx(np.mean(pairs))
    assert auroc([0, 1], [2, 3]) == 1 and auroc([1], [1]) == 0.5
    with pytest.raises(ValueError, match="`known` and `unknown`"):
        auroc([], [1])


@pytest.mark.parametrize("method", ["softmax", "energy"])
@pytest.mark.parametrize("keep", [0.5, 0.95])
def test_the_threshold_keeps_the_share(method, keep):
    rule = unknown_threshold(LOGITS, method=method, keep=keep)
    kept = (~rule.is_unknown(LOGITS)).mean()
    assert keep <= kept <= keep + 1 / len(LOGITS)
    again = Unknown.from_dict(rule.to_dict())
    np.testing.assert_array_equal(again.is_unknown(LOGITS), rule.is_unknown(LOGITS))


def test_distance_finds_other_features_and_keeps_its_bank():
    known = RNG.standard_normal((300, 6)) + 5 * np.eye(6)[RNG.integers(0, 3, 300)]
    other = RNG.standard_normal((100, 6)) + 5 * np.eye(6)[5]
    rule = unknown_threshold(features=known[200:], method="knn", bank=known[:200], neighbors=5, keep=0.9)
    assert rule.is_unknown(features=other).mean() > 0.9
    assert rule.is_unknown(features=known[200:]).mean() == pytest.approx(0.1, abs=0.011)
    assert "bank" not in rule.to_dict()
    again = Unknown.from_dict(rule.to_dict(), rule.bank)
    np.testing.assert_array_equal(again.is_unknown(features=other), rule.is_unknown(features=other))


def test_wrong_use():
    with pytest.raises(ValueError, match="`method` must be one of 'softmax', 'energy', 'knn'"):
        unknown_scores("msp", LOGITS)
    with pytest.raises(ValueError, match="`logits` must be given"):
        unknown_scores("energy")
    with pytest.raises(ValueError, match="`features` and `bank` must be given"):
        unknown_scores("knn", features=LOGITS)
    with pytest.raises(ValueError, match="same D"):
        unknown_scores("knn", features=LOGITS, bank=LOGITS[:, :3])
    with pytest.raises(ValueError, match="unnormalized"):
        unknown_scores("energy", LOGITS - np.log(np.exp(LOGITS).sum(axis=1, keepdims=True)))
    for keep in (0, 1):
        with pytest.raises(ValueError, match="`keep` must be"):
            unknown_threshold(LOGITS, keep=keep)
    rule = unknown_threshold(LOGITS)
    for wrong in ({}, {**rule.to_dict(), "method": "x"}, {**rule.to_dict(), "more": 1}, 5):
        with pytest.raises(ValueError, match="`values` must have `method`"):
            Unknown.from_dict(wrong)
