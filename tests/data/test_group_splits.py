"""Splits that keep groups whole, spread the classes, and leave something to learn from."""

import numpy as np
import pytest

from ltzoo.data.group_splits import ALWAYS_TRAINED, fold_of_each, group_split
from ltzoo.data.subset import stratified_split


def long_tailed(seed=0, classes=12, groups=90, pure=0.9):
    """Groups of 1 to 12 images, mostly of one class, with a long tail of classes."""
    rng = np.random.default_rng(seed)
    labels, ids = [], []
    for group in range(groups):
        own = min(classes - 1, int(rng.exponential(classes / 4)))
        for _ in range(int(rng.integers(1, 13))):
            labels.append(own if rng.random() < pure else int(rng.integers(classes)))
            ids.append(1000 - group)
    return np.array(labels), np.array(ids)


def test_without_groups_the_images_are_split_as_ever():
    labels = np.repeat([0, 1, 2], [30, 4, 1])
    ours, theirs = group_split(labels, None, 0.2, seed=3), stratified_split(labels, 0.2, seed=3)
    assert [part.tolist() for part in ours] == [part.tolist() for part in theirs]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("fraction", [0.1, 0.3])
def test_groups_stay_whole_and_classes_keep_their_share(seed, fraction):
    labels, groups = long_tailed(seed)
    kept, held_out = group_split(labels, groups, fraction, seed)
    assert sorted([*kept, *held_out]) == list(range(len(labels)))
    assert not set(groups[kept]) & set(groups[held_out])
    totals, found = np.bincount(labels), np.bincount(labels[held_out], minlength=labels.max() + 1)
    wanted = np.minimum(np.maximum(np.round(totals * fraction), 1), totals - 1)
    assert (
        found <= np.maximum(wanted, totals // 2)
    ).all()  # More than half of each class can be learned from.


@pytest.mark.parametrize("seed", range(5))
def test_groups_of_one_class_hold_out_the_share_up_to_one_group(seed):
    labels, groups = long_tailed(seed, pure=1)
    _, held_out = group_split(labels, groups, 0.2, seed)
    totals, found = np.bincount(labels), np.bincount(labels[held_out], minlength=labels.max() + 1)
    large = totals >= 40
    assert large.any() and (np.abs(found - np.round(totals * 0.2))[large] <= 6).all()  # Half a group at most.


def test_single_images_as_groups_give_the_stratified_sizes():
    labels = np.repeat([0, 1, 2, 3], [50, 20, 2, 1])
    _, held_out = group_split(labels, np.arange(len(labels)), 0.1)
    assert np.bincount(labels[held_out], minlength=4).tolist() == [5, 2, 1, 0]


def test_a_class_with_one_group_is_not_held_out_and_half_of_two_groups_is():
    labels, groups = np.repeat([0, 1], [6, 6]), np.array([0] * 6 + [1] * 3 + [2] * 3)
    _, held_out = group_split(labels, groups, 0.1)
    assert labels[held_out].tolist() == [1, 1, 1] and len(set(groups[held_out])) == 1


def test_a_group_of_nearly_a_whole_class_is_not_held_out():
    labels, groups = np.zeros(10, int), np.array([0] * 8 + [1, 2])
    for seed in range(5):
        _, held_out = group_split(labels, groups, 0.1, seed)
        assert len(held_out) == 1 and groups[held_out[0]] != 0


def test_the_seed_selects_the_groups_and_zero_holds_nothing_out():
    labels, groups = long_tailed()
    assert group_split(labels, groups, 0.2, 1)[1].tolist() == group_split(labels, groups, 0.2, 1)[1].tolist()
    assert group_split(labels, groups, 0.2, 1)[1].tolist() != group_split(labels, groups, 0.2, 2)[1].tolist()
    assert group_split(labels, groups, 0.0)[1].size == 0


@pytest.mark.parametrize("seed", range(5))
def test_folds_keep_groups_whole_and_classes_even(seed):
    labels, groups = long_tailed(seed)
    fold = fold_of_each(labels, groups, 4, seed)
    for group in np.unique(groups):
        assert len(set(fold[groups == group])) == 1
    for label in np.unique(labels):
        assert all((fold[labels == label] != number).any() for number in range(4))
        assert len(set(fold[labels == label])) > 1 or set(fold[labels == label]) == {ALWAYS_TRAINED}
        shares = np.bincount(fold[(labels == label) & (fold >= 0)], minlength=4) / (labels == label).sum()
        if len(set(groups[labels == label])) >= 16:
            assert shares.min() > 0.1 and shares.max() < 0.45
    assert set(fold) >= {0, 1, 2, 3}


def test_folds_depend_on_the_seed_alone_and_take_no_images():
    labels = long_tailed()[0]
    first = fold_of_each(labels, None, 5, 1)
    np.testing.assert_array_equal(first, fold_of_each(labels, None, 5, 1))
    assert (first != fold_of_each(labels, None, 5, 2)).any()
    assert len(fold_of_each(np.zeros(0, int), None, 5)) == 0


def test_folds_of_single_images_are_as_even_as_possible():
    labels = np.repeat([0, 1, 2, 3], [22, 7, 2, 1])
    fold = fold_of_each(labels, None, 5, seed=1)
    for label, sizes in ((0, [4, 4, 4, 5, 5]), (1, [1, 1, 1, 2, 2]), (2, [0, 0, 0, 1, 1])):
        assert sorted(np.bincount(fold[labels == label], minlength=5)) == sizes
    assert fold[labels == 3].tolist() == [ALWAYS_TRAINED]
    sizes = np.bincount(fold[fold >= 0])
    assert sizes.max() - sizes.min() <= 1


def test_a_class_in_one_group_is_never_tested_and_takes_its_group_along():
    labels, groups = np.array([0, 0, 1, 0, 0, 0]), np.array([7, 7, 7, 1, 2, 3])
    fold = fold_of_each(labels, groups, 2)
    assert fold[:3].tolist() == [ALWAYS_TRAINED] * 3 and set(fold[3:]) == {0, 1}


@pytest.mark.parametrize(
    "arguments", [([0, 1], [0], 2), ([0, -1], [0, 1], 2), ([0, 1], None, 1), ([0, 1], None, 2.5)]
)
def test_wrong_folds_are_refused(arguments):
    with pytest.raises(ValueError, match="Received"):
        fold_of_each(*arguments)


def test_wrong_fractions_and_lengths_are_refused():
    for groups, fraction in (([0], 0.1), ([0, 1], 1.0), ([0, 1], -0.1)):
        with pytest.raises(ValueError, match="Received"):
            group_split([0, 1], groups, fraction)


def test_many_groups_take_seconds_at_most():
    rng = np.random.default_rng(0)
    labels, groups = rng.geometric(0.02, 60_000) - 1, rng.integers(20_000, size=60_000)
    assert len(fold_of_each(labels, groups, 5)) == 60_000
    kept, held_out = group_split(labels, groups, 0.1)
    assert not set(groups[kept]) & set(groups[held_out]) and 0.05 < len(held_out) / 60_000 < 0.2
