"""Profiles against the published subsets."""

import json
from pathlib import Path

import numpy as np
import pytest

from ltzoo.class_counts import long_tail_counts

REFERENCE = Path(__file__).parents[1] / "reference"


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
