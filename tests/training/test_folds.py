import numpy as np
import pytest

from ltzoo.training.folds import ALWAYS_TRAINED, fold_of_each

LABELS = np.repeat([0, 1, 2, 3], [50, 11, 3, 1])


def test_each_class_is_spread_evenly():
    fold = fold_of_each(LABELS, None, 5, 0)
    for label, size in ((0, 50), (1, 11), (2, 3)):
        counts = np.bincount(fold[label == LABELS], minlength=5)
        assert counts.sum() == size
        assert counts.max() - counts.min() <= 1
    sizes = np.bincount(fold[fold >= 0], minlength=5)
    assert sizes.max() - sizes.min() <= 2


def test_the_only_image_of_a_class_is_always_trained_on():
    assert fold_of_each(LABELS, None, 5, 0)[-1] == ALWAYS_TRAINED


@pytest.mark.parametrize("seed", range(5))
def test_groups_stay_whole_and_every_class_is_trained_on_in_each_fold(seed):
    generator = np.random.default_rng(seed)
    groups = generator.integers(0, 18, len(LABELS))
    fold = fold_of_each(LABELS, groups, 4, seed)
    assert fold.min() >= -1
    assert fold.max() < 4
    for label in range(4):
        for number in range(4):
            assert (fold[label == LABELS] != number).any()
    for group in np.unique(groups):
        assert len(np.unique(fold[groups == group])) == 1


def test_the_same_seed_gives_the_same_folds():
    first = fold_of_each(LABELS, None, 5, 1)
    np.testing.assert_array_equal(first, fold_of_each(LABELS, None, 5, 1))
    assert (first != fold_of_each(LABELS, None, 5, 2)).any()


def test_no_images():
    assert len(fold_of_each(np.zeros(0, int), None, 5, 0)) == 0
