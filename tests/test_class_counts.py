"""Profiles against the published subsets, shot groups at their limits, cloud sizes against GCL Table 3."""

import json
from pathlib import Path

import numpy as np
import pytest

from ltzoo.class_counts import (
    cloud_sizes,
    effective_number_weights,
    long_tail_counts,
    shot_groups,
    validate_class_counts,
)

REFERENCE = Path(__file__).parent / "reference"


@pytest.mark.parametrize("name, max_count, classes", [("cifar10", 5000, 10), ("cifar100", 500, 100)])
@pytest.mark.parametrize("factor", [10, 50, 100])
def test_exponential_counts_are_the_published_ones(name, max_count, classes, factor):
    case = json.loads((REFERENCE / "cifar_lt_subsets.json").read_text())[f"{name}_lt_if{factor:03d}"]
    counts = long_tail_counts(max_count, classes, factor)
    assert counts.dtype == np.int64
    assert counts.tolist() == case["counts"]


@pytest.mark.parametrize("max_count, classes", [(5000, 10), (500, 100)])
@pytest.mark.parametrize("factor", [1, 10, 20, 50, 100, 200])
def test_the_rounding_guard_changes_no_cifar_subset(max_count, classes, factor):
    expected = [int(max_count * ((1.0 / factor) ** (c / (classes - 1.0)))) for c in range(classes)]
    assert long_tail_counts(max_count, classes, factor).tolist() == expected


def test_rounding_errors_lose_no_image():
    assert 49 * (1 / 49) < 1
    assert long_tail_counts(49, 3, 49).tolist() == [49, 7, 1]


def test_step_counts():
    assert long_tail_counts(50, 6, 25, "step").tolist() == [50, 50, 50, 2, 2, 2]
    assert long_tail_counts(50, 5, 25, "step").tolist() == [50, 50, 2, 2, 2]


@pytest.mark.parametrize("classes, factor", [(10, 100), (1000, 256), (7, 3), (2, 50)])
def test_pareto_counts_fall_from_first_to_last(classes, factor):
    counts = long_tail_counts(1280, classes, factor, "pareto")
    assert counts[0] == 1280
    assert counts[-1] == 1280 // factor
    assert np.all(np.diff(counts) <= 0)


@pytest.mark.parametrize("power", [2.0, 6.0])
def test_pareto_counts_follow_the_curve(power):
    curve = 6400 * np.linspace(1, 64 ** (1 / power), 5) ** -power
    counts = long_tail_counts(6400, 5, 64, "pareto", power=power)
    assert counts.tolist() == np.floor(curve + 1e-6).astype(int).tolist()


@pytest.mark.parametrize("profile", ["exponential", "step", "pareto"])
def test_factor_one_is_balanced_and_one_class_works(profile):
    assert long_tail_counts(30, 4, 1, profile).tolist() == [30, 30, 30, 30]
    assert long_tail_counts(30, 1, 5, profile).tolist() == [30]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((100, 10, 0.5), r"at least 1.*Received: imbalance_factor=0\.5"),
        ((100, 10, float("nan")), r"Received: imbalance_factor=nan"),
        ((100, 10, "many"), r"Received: imbalance_factor='many'"),
        ((100, 10, 200), r"no image.*Received: max_count=100, imbalance_factor=200"),
        ((0, 10, 2), r"Received: max_count=0"),
        ((100, 2.5, 2), r"Received: num_classes=2\.5"),
        ((100, 10, 2, "linear"), r"exponential, step, pareto. Received: profile='linear'"),
    ],
)
def test_bad_profiles_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        long_tail_counts(*arguments)


def test_pareto_power_must_be_positive():
    with pytest.raises(ValueError, match=r"Received: power=0"):
        long_tail_counts(100, 10, 2, "pareto", power=0)


@pytest.mark.parametrize(
    "counts, message",
    [
        ([], r"non-empty"),
        ([[1, 2]], r"one-dimensional"),
        ([1.5, 2.0], r"integers"),
        ([True, False], r"integers"),
        ([3, 0, 2], r"Received: class_counts\[1\]=0"),
    ],
)
def test_bad_class_counts_are_named(counts, message):
    with pytest.raises(ValueError, match=message):
        validate_class_counts(counts)


def test_validated_counts_are_a_copy():
    counts = np.array([3, 2], dtype=np.int32)
    checked = validate_class_counts(counts)
    checked[0] = 9
    assert checked.dtype == np.int64 and counts.tolist() == [3, 2]


def test_shot_groups_at_their_limits():
    groups = shot_groups([101, 100, 20, 19, 500])
    assert {name: members.tolist() for name, members in groups.items()} == {
        "many": [0, 4],
        "medium": [1, 2],
        "few": [3],
    }
    assert all(members.dtype == np.int64 for members in groups.values())
    assert shot_groups([5, 6])["many"].size == 0


def test_shot_group_thresholds_can_change_but_not_overlap():
    assert shot_groups([101, 50, 3], many_above=40, few_below=5)["many"].tolist() == [0, 1]
    with pytest.raises(ValueError, match=r"two groups"):
        shot_groups([1, 2], many_above=10, few_below=12)


def test_log_cloud_sizes():
    sizes = cloud_sizes([5000, 500, 50])
    np.testing.assert_allclose(sizes, [0.0, 0.5, 1.0], atol=1e-12)
    np.testing.assert_allclose(cloud_sizes([100, 10], normalize=False), [0.0, np.log(10)], rtol=1e-12)


@pytest.mark.parametrize("exponent", [1 / 3, 1 / 4])
def test_power_cloud_sizes(exponent):
    counts = np.array([5000, 387, 50])
    expected = 5000**exponent - counts**exponent
    np.testing.assert_allclose(cloud_sizes(counts, "power", exponent, normalize=False), expected, rtol=1e-12)
    np.testing.assert_allclose(cloud_sizes(counts, "power", exponent), expected / expected.max(), rtol=1e-12)


def test_cosine_cloud_sizes():
    counts = np.array([5000, 387, 50])
    sizes = cloud_sizes(counts, "cosine", normalize=False)
    np.testing.assert_allclose(sizes, np.cos(counts / 5000 * np.pi / 2), atol=1e-12)
    assert sizes[0] == 0.0


@pytest.mark.parametrize("strategy", ["log", "power", "cosine"])
@pytest.mark.parametrize("normalize", [True, False])
def test_balanced_counts_have_no_cloud(strategy, normalize):
    assert cloud_sizes([7, 7, 7], strategy, normalize=normalize).tolist() == [0.0, 0.0, 0.0]


def test_bad_cloud_arguments_are_named():
    with pytest.raises(ValueError, match=r"log, power, cosine. Received: strategy='linear'"):
        cloud_sizes([3, 2], "linear")
    with pytest.raises(ValueError, match=r"Received: exponent=0"):
        cloud_sizes([3, 2], "power", exponent=0)


def test_effective_number_weights():
    counts = [3, 1, 2]
    raw = effective_number_weights(counts, beta=0.5, normalize=False)
    np.testing.assert_allclose(raw, [0.5 / 0.875, 1.0, 0.5 / 0.75], rtol=1e-12)
    np.testing.assert_allclose(effective_number_weights(counts, 0.5), 3 * raw / raw.sum(), rtol=1e-12)
    np.testing.assert_array_equal(effective_number_weights(counts, beta=0.0), 1.0)
    # A beta of its own for every class, and one so close to 1 that the weights go as 1 / n.
    own = effective_number_weights(counts, np.array([0.5, 0.0, 0.9]), normalize=False)
    np.testing.assert_allclose(own, [0.5 / 0.875, 1.0, 0.1 / 0.19], rtol=1e-12)
    close = effective_number_weights([1000, 10], 1 - 1e-12, normalize=False)
    np.testing.assert_allclose(close, [1e-3, 1e-1], rtol=1e-6)


def test_bad_beta_is_named():
    for beta in (-0.1, 1.0, float("nan")):
        with pytest.raises(ValueError, match="Received: beta="):
            effective_number_weights([3, 2], beta)
