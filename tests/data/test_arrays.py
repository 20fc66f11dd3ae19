"""Datasets from arrays in memory."""

import numpy as np
import pytest

from ltzoo.data import augmentation, from_arrays

X = np.arange(12 * 4, dtype=np.uint8).reshape(12, 2, 2)
Y = np.repeat([0, 1, 2], [8, 3, 1])


def test_train_and_test_arrays():
    dataset = from_arrays(X, Y, X[:3], Y[:3], class_names=["a", "b", "c"], name="toy")
    assert dataset.name == "toy" and dataset.class_counts.tolist() == [8, 3, 1]
    assert dataset.val is None and len(dataset.test) == 3 and dataset.image_shape == (2, 2, 1)


def test_given_validation_arrays():
    assert len(from_arrays(X, Y, x_val=X[:2], y_val=Y[:2]).val) == 2


def test_validation_fraction_is_stratified_and_repeatable():
    first = from_arrays(X, Y, validation_fraction=0.25, seed=3)
    again = from_arrays(X, Y, validation_fraction=0.25, seed=3)
    assert first.class_counts.tolist() == [6, 2, 1]
    assert np.bincount(first.val.labels).tolist() == [2, 1]
    np.testing.assert_array_equal(first.val.images, again.val.images)
    together = np.concatenate([first.train.images, first.val.images]).reshape(12, -1)
    assert len(np.unique(together, axis=0)) == 12


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"x_test": X}, r"Received: x_test without y_test"),
        ({"y_val": Y}, r"Received: y_val without x_val"),
        ({"x_val": X, "y_val": Y, "validation_fraction": 0.1}, r"Received: validation_fraction=0\.1"),
        ({"validation_fraction": 1.0}, r"below 1. Received: validation_fraction=1\.0"),
    ],
)
def test_bad_combinations_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        from_arrays(X, Y, **arguments)


def test_images_in_memory_are_cropped_as_files_are():
    crop = augmentation.get([{"name": "imagenet_train_crop", "size": 3, "flip": False}])
    images = np.arange(2 * 5 * 5 * 3, dtype=np.uint8).reshape(2, 5, 5, 3)
    for pixels in (images, images[..., :1]):
        split = from_arrays(pixels, [0, 1]).train
        read = crop.reader(2, np.random.default_rng(0))
        loaded = split.load([1, 0], read=read)
        assert loaded.shape == (2, 3, 3, pixels.shape[-1]) and loaded.dtype == np.uint8
        np.testing.assert_array_equal(loaded[:1], split.load([1], read=read))
