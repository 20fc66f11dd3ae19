"""Prediction sets: thresholds by the definition, coverage within binomial bounds, what pools promise."""

import math

import numpy as np
import pytest

from ltzoo.posthoc import PredictionSets, prediction_sets, rebalance
from ltzoo.posthoc.conformal import class_scores, smallest_sample
from ltzoo.posthoc.outputs import softmax
from tests.posthoc.problems import CLASSES, COUNTS, PRIOR, model_outputs

FLAT = np.full(CLASSES, 1 / CLASSES)


def probabilities(count, prior, seed):
    logits, labels = model_outputs(count, prior, seed, distance=1.2)
    return softmax(logits), labels


def test_scores_by_the_definition():
    values = np.array([[0.5, 0.2, 0.3]])
    np.testing.assert_allclose(class_scores(values, "lac"), [[0.5, 0.8, 0.7]])
    np.testing.assert_allclose(class_scores(values, "aps"), [[0.5, 1.0, 0.8]])


@pytest.mark.parametrize("alpha, least", [(0.1, 9), (0.05, 19), (0.2, 4), (0.5, 1), (0.01, 99)])
def test_the_smallest_sample(alpha, least):
    assert smallest_sample(alpha) == least
    assert math.ceil(round((least + 1) * (1 - alpha), 9)) <= least
    assert math.ceil(round(least * (1 - alpha), 9)) > least - 1


@pytest.mark.parametrize("score", ["lac", "aps"])
def test_thresholds_are_order_statistics_of_the_classs_own_scores(score):
    values, labels = probabilities(2000, FLAT, 0)
    sets = prediction_sets(values, labels, 0.1, score=score)
    for label in range(CLASSES):
        rows = values[labels == label]
        scores = [1 - row[label] if score == "lac" else row[row >= row[label]].sum() for row in rows]
        rank = math.ceil((len(scores) + 1) * 0.9)
        assert sets.thresholds[label] == pytest.approx(sorted(scores)[rank - 1], abs=1e-12)
    assert set(sets.pools) == {"class"} and (sets.images == np.bincount(labels)).all()


@pytest.mark.parametrize("alpha", [0.1, 0.3])
def test_every_class_is_covered_at_any_class_shares(alpha):
    """Coverage, averaged over 40 calibrations, lies in [1 - alpha, 1 - alpha + 1 / (n + 1)] per class."""
    covered, new_images = np.zeros(CLASSES), 0
    for seed in range(40):
        calibration = [
            probabilities(60, np.eye(CLASSES)[label], 1000 * label + seed) for label in range(CLASSES)
        ]
        values, labels = (np.concatenate(parts) for parts in zip(*calibration, strict=True))
        sets = prediction_sets(values, labels, alpha)
        for label in range(CLASSES):
            new, _ = probabilities(400, np.eye(CLASSES)[label], 50_000 + 1000 * label + seed)
            raw = class_scores(new, "lac") <= sets.thresholds  # Without the most probable class.
            covered[label] += raw[:, label].mean()
        new_images += 400
    covered /= 40
    # The standard deviation of a Beta(n + 1 - k, k) threshold with n = 60, and of 400 images, over 40 repeats.
    deviation = math.sqrt((alpha * (1 - alpha) / 62 + alpha * (1 - alpha) / 400) / 40)
    assert (covered > 1 - alpha - 4 * deviation).all()
    assert (covered < 1 - alpha + 1 / 61 + 4 * deviation).all()


def test_classes_with_few_images_share_a_threshold_of_their_group():
    values, labels = probabilities(1167, PRIOR, 1)
    keep = np.concatenate(
        [np.flatnonzero(labels == label)[:most] for label, most in enumerate((80, 60, 40, 8, 9, 3))]
    )
    sets = prediction_sets(values[keep], labels[keep], 0.1, class_counts=COUNTS)
    # Training counts 75 and 30 are medium-shot, 12 is few-shot; 3 images have no threshold of their own.
    assert sets.pools == ("class", "class", "class", "medium", "medium", "all")
    assert sets.thresholds[3] == sets.thresholds[4] and sets.images.tolist() == [80, 60, 40, 17, 17, 200]
    text = sets.guarantee
    assert "3 classes: of new images of each class, 90 %" in text and "2 medium-shot classes" in text
    assert "1 classes: no promise" in text
    # Without training counts, the rare classes are one pool.
    assert prediction_sets(values[keep], labels[keep], 0.1).pools[3:] == ("rare",) * 3


def test_pooled_coverage_is_kept_on_average():
    rare, shares = np.array([0, 0, 0, 0.5, 0.3, 0.2]), []
    for seed in range(60):
        values, labels = probabilities(40, rare, 2000 + seed)
        sets = prediction_sets(values, labels, 0.1, class_counts=[500, 400, 300, 10, 9, 8], min_images=1000)
        assert set(sets.pools[3:]) == {"few"}
        new, new_labels = probabilities(400, rare, 90_000 + seed)
        shares.append((class_scores(new, "lac") <= sets.thresholds)[np.arange(400), new_labels].mean())
    deviation = math.sqrt((0.09 / 42 + 0.09 / 400) / 60)
    assert 0.9 - 4 * deviation < np.mean(shares) < 0.9 + 1 / 41 + 4 * deviation


def test_too_few_images_for_any_threshold_put_every_class_in():
    values, labels = probabilities(5, FLAT, 3)
    sets = prediction_sets(values, labels, 0.1)
    assert set(sets.pools) == {"none"} and np.isinf(sets.thresholds).all()
    assert sets.contains(values).all() and "in every set" in sets.guarantee
    again = PredictionSets.from_dict(sets.to_dict())
    assert np.isinf(again.thresholds).all() and again.pools == sets.pools


def test_sets_list_the_most_probable_first_and_are_never_empty():
    values, labels = probabilities(500, FLAT, 4)
    sets = prediction_sets(values, labels, 0.4)
    found = sets.sets_for(values)
    for row, inside in zip(values, found, strict=True):
        assert inside[0] == row.argmax() and (np.diff(row[inside]) <= 0).all()
    assert sum(map(len, found)) == sets.contains(values).sum()
    np.testing.assert_array_equal(sets.sets_for(values[0])[0], found[0])


def test_sets_of_a_correction_are_calibrated_out_of_fold():
    logits, labels = model_outputs(900, PRIOR, 5, temperature=0.5)
    result = rebalance(logits, labels, COUNTS)
    sets = prediction_sets(result, alpha=0.2, class_counts=COUNTS)
    expected = prediction_sets(softmax(result.out_of_fold), labels, 0.2, class_counts=COUNTS)
    assert sets.to_dict() == expected.to_dict()


def test_wrong_arguments():
    values, labels = probabilities(50, FLAT, 6)
    for alpha in (0, 1, -0.1, float("nan")):
        with pytest.raises(ValueError, match="`alpha` must be"):
            prediction_sets(values, labels, alpha)
    with pytest.raises(ValueError, match="`score` must be one of 'lac', 'aps'"):
        prediction_sets(values, labels, score="raps")
    with pytest.raises(ValueError, match="must be probabilities"):
        prediction_sets(np.log(values), labels)
    with pytest.raises(ValueError, match="same length"):
        prediction_sets(values, labels[1:])
    sets = prediction_sets(values, labels)
    for wrong in ({}, {**sets.to_dict(), "score": "x"}, {**sets.to_dict(), "pools": ["x"] * 6}, [1]):
        with pytest.raises(ValueError, match="`values` must have the entries"):
            PredictionSets.from_dict(wrong)
