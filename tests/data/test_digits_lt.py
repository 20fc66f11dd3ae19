"""Long-tailed digits: counts, a balanced test set, no image in both parts."""

import numpy as np
import pytest

from ltzoo.data import load


def as_set(split):
    return {image.tobytes() for image in split.images}


def test_default_counts_and_balanced_test():
    dataset = load("digits_lt")
    assert dataset.class_counts.tolist() == [124, 80, 51, 33, 21, 14, 9, 5, 3, 2]
    assert np.bincount(dataset.test.labels).tolist() == [50] * 10
    assert dataset.image_shape == (8, 8, 1) and dataset.class_names == tuple("0123456789")
    assert dataset.val is None
    assert dataset.train.images.max() == 255 and dataset.train.images.min() == 0


def test_training_and_test_share_no_scan():
    dataset = load("digits_lt", imbalance_factor=1)
    assert dataset.class_counts.tolist() == [124] * 10
    assert not as_set(dataset.train) & as_set(dataset.test)


def test_the_seed_changes_the_split_and_repeats_it():
    first, again, other = load("digits_lt"), load("digits_lt"), load("digits_lt", seed=1)
    np.testing.assert_array_equal(first.train.images, again.train.images)
    np.testing.assert_array_equal(first.test.images, again.test.images)
    assert as_set(first.test) != as_set(other.test)
    assert first.class_counts.tolist() == other.class_counts.tolist()


def test_the_test_set_does_not_depend_on_the_factor():
    np.testing.assert_array_equal(
        load("digits_lt", imbalance_factor=10).test.images,
        load("digits_lt", imbalance_factor=100).test.images,
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"imbalance_factor": 0.5}, r"Received: imbalance_factor=0\.5"),
        ({"imbalance_factor": 200}, r"Received: max_count=124, imbalance_factor=200"),
        ({"data_dir": "somewhere"}, r"Received: data_dir=somewhere"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        load("digits_lt", **arguments)
