"""Intervals: Wilson's, and the stratified bootstrap of images and of groups."""

import numpy as np
import pytest

from ltzoo.metrics import bootstrap_intervals, wilson_interval
from ltzoo.metrics.resampled_accuracy import ClassSums, WeightedMeasures
from ltzoo.metrics.resampling import Resampling

NO_GROUPS = {name: np.zeros(0, int) for name in ("many", "medium", "few")}


def weights(labels, classes, **options):
    return np.concatenate(list(Resampling(labels, np.zeros(classes, int), **options).weights()))


def test_wilson_has_the_published_values():
    # Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    low, high = wilson_interval([81, 15, 0, 1, 20], [263, 148, 20, 29, 20])
    np.testing.assert_allclose(low, [0.2553, 0.0624, 0.0, 0.0061, 0.8389], atol=5e-5)
    np.testing.assert_allclose(high, [0.3662, 0.1605, 0.1611, 0.1718, 1.0], atol=5e-5)
    assert np.isnan(wilson_interval(0, 0)[0]) and np.isnan(wilson_interval(0, 0)[1])


def test_weights_keep_the_size_of_each_class_and_repeat():
    labels = np.array([2, 0, 0, 1, 0, 1, 2, 2, 2])
    drawn = weights(labels, 3, resamples=500)
    assert drawn.shape == (500, 9) and drawn.dtype == np.float32
    np.testing.assert_allclose(ClassSums(labels, 3).of(drawn), np.tile([3.0, 2.0, 4.0], (500, 1)), rtol=1e-6)
    np.testing.assert_array_equal(drawn, weights(labels, 3, resamples=500))
    assert (drawn != weights(labels, 3, resamples=500, seed=1)).any()


def test_the_variance_of_a_mean_is_unbiased_for_two_images_too():
    for n in (2, 3, 10):
        right = np.zeros(n)
        right[0] = 1
        means = (weights(np.zeros(n, int), 1, resamples=40000) @ right) / n
        assert means.mean() == pytest.approx(1 / n, rel=0.03)
        assert means.var() == pytest.approx(right.var(ddof=1) / n, rel=0.05)


def test_classes_of_one_image_are_drawn_together_within_their_shot_group():
    shots = np.array([0, 1, 1, 1, 2])
    resampling = Resampling(np.arange(5), shots, resamples=2000)
    drawn = np.concatenate(list(resampling.weights()))
    assert resampling.collapsed.tolist() == [False, True, True, True, False]
    assert (drawn[:, [0, 4]] == 1).all()
    np.testing.assert_allclose(drawn[:, 1:4].sum(axis=1), 3, rtol=1e-6)
    assert drawn[:, 1].std() > 0.5 and drawn[:, 1].mean() == pytest.approx(1, abs=0.05)


def test_images_of_a_group_have_one_weight():
    labels = np.array([0, 0, 0, 1, 1, 1, 1, 0])
    groups = np.array([7, 7, -3, 5, 5, 9, 9, -3])
    drawn = weights(labels, 2, groups=groups, resamples=300)
    assert (drawn[:, 0] == drawn[:, 1]).all() and (drawn[:, 2] == drawn[:, 7]).all()
    assert set(np.unique(drawn)) == {0.0, 2.0}  # One of the two groups of a class, twice.


def test_weighted_measures_with_weights_of_one_are_the_measures():
    from sklearn import metrics

    rng = np.random.default_rng(0)
    labels = rng.integers(0, 6, 200)
    predicted = np.where(rng.random(200) < 0.5, labels, rng.integers(0, 6, 200))
    groups = {"many": np.array([0, 1]), "medium": np.array([2]), "few": np.array([3, 4, 5])}
    found = WeightedMeasures(labels, predicted, groups, np.zeros(6, bool)).of(np.ones((1, 200), "float32"))
    recall = metrics.recall_score(labels, predicted, average=None)
    assert found["top1"][0] == pytest.approx(metrics.accuracy_score(labels, predicted))
    assert found["balanced"][0] == pytest.approx(recall.mean())
    assert found["few"][0] == pytest.approx(recall[3:].mean())
    assert found["macro_f1"][0] == pytest.approx(metrics.f1_score(labels, predicted, average="macro"))


def test_a_weight_of_two_counts_like_two_images():
    rng = np.random.default_rng(1)
    labels, predicted = rng.integers(0, 4, 50), rng.integers(0, 4, 50)
    twice = rng.integers(1, 3, 50)
    once = WeightedMeasures(
        np.repeat(labels, twice), np.repeat(predicted, twice), NO_GROUPS, np.zeros(4, bool)
    )
    weighted = WeightedMeasures(labels, predicted, NO_GROUPS, np.zeros(4, bool))
    expected = once.of(np.ones((1, twice.sum()), "float32"))
    found = weighted.of(twice[None].astype("float32"))
    for name in ("top1", "balanced", "macro_f1"):
        assert found[name][0] == pytest.approx(expected[name][0])


def test_intervals_cover_the_truth_as_often_as_they_say():
    """60 few-shot classes with 1 to 4 images each, where the plain bootstrap covers far too rarely."""
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 5, 60)
    labels = np.repeat(np.arange(60), sizes)
    skill = rng.beta(2, 3, 60)
    covered = 0
    for trial in range(300):
        right = rng.random(len(labels)) < skill[labels]
        predicted = np.where(right, labels, (labels + 1) % 60)
        found = bootstrap_intervals(labels, predicted, 60, np.full(60, 5), resamples=400, seed=trial)
        covered += found["few"][0] <= skill.mean() <= found["few"][1]
    assert 0.92 <= covered / 300 <= 0.98


def test_groups_widen_intervals_where_their_images_are_alike():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(40), 25)
    labels = groups % 2
    predicted = np.where(rng.random(40)[groups] < 0.6, labels, 1 - labels)
    images = bootstrap_intervals(labels, predicted, 2)["top1"]
    whole = bootstrap_intervals(labels, predicted, 2, groups=groups)["top1"]
    assert (whole[1] - whole[0]) > 3 * (images[1] - images[0])


def test_all_right_is_no_certainty():
    labels = np.repeat([0, 1], [20, 5])
    found = bootstrap_intervals(labels, labels, 2, [200, 5])
    assert found["many"] == pytest.approx((0.8389, 1.0), abs=1e-3)  # Wilson's of 20 of 20.
    assert found["few"][0] == pytest.approx(0.5655, abs=1e-3)
    assert np.isnan(found["medium"]).all()
    grouped = bootstrap_intervals(labels, labels, 2, [200, 5], groups=np.repeat([0, 1, 2], [10, 10, 5]))
    assert grouped["many"][0] == pytest.approx(0.3424, abs=1e-3)  # Of two groups.


def test_the_order_of_the_images_does_not_matter():
    rng = np.random.default_rng(3)
    labels, predicted = rng.integers(0, 5, 80), rng.integers(0, 5, 80)
    order = rng.permutation(80)
    first = bootstrap_intervals(labels, predicted, 5, [9, 9, 9, 9, 200])
    assert first == bootstrap_intervals(labels[order], predicted[order], 5, [9, 9, 9, 9, 200])
