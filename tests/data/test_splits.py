"""Array splits: shapes, types and clear errors."""

import numpy as np
import pytest

from ltzoo.data.splits import ArraySplit, Split, validate_labels

IMAGES = np.arange(4 * 2 * 3 * 3, dtype=np.uint8).reshape(4, 2, 3, 3)


def test_load_returns_raw_pixels_by_position():
    split = ArraySplit(IMAGES, [0, 1, 1, 0])
    assert len(split) == 4 and split.image_shape == (2, 3, 3) and split.labels.dtype == np.int64
    batch = split.load(np.array([3, 0, 3]))
    assert batch.dtype == np.uint8
    np.testing.assert_array_equal(batch, IMAGES[[3, 0, 3]])
    assert repr(split) == "<ArraySplit: 4 images of 2 x 3 x 3>"


def test_gray_images_get_a_channel_and_other_integers_become_uint8():
    split = ArraySplit(IMAGES[..., 0].astype(np.int64), np.zeros((4, 1), dtype=np.int32))
    assert split.image_shape == (2, 3, 1) and split.images.dtype == np.uint8
    assert split.labels.tolist() == [0, 0, 0, 0]


def test_uint8_images_are_not_copied():
    assert np.shares_memory(ArraySplit(IMAGES, [0, 1, 1, 0]).images, IMAGES)


def test_subset_and_in_memory():
    split = ArraySplit(IMAGES, [0, 1, 2, 3])
    part = split.subset([2, 0])
    assert part.labels.tolist() == [2, 0]
    np.testing.assert_array_equal(part.images, IMAGES[[2, 0]])
    assert split.in_memory() is split


@pytest.mark.parametrize(
    "images, labels, message",
    [
        (IMAGES[0, 0], [0, 1, 2], r"Received: images of shape \(3, 3\)"),
        (IMAGES / 255.0, [0, 1, 1, 0], r"raw pixels, integers.*Received: images of type float64"),
        (IMAGES.astype(int) * 10, [0, 1, 1, 0], r"Received: values from 0 to 710"),
        (IMAGES, [0, 1], r"Received: 4 images, 2 labels"),
        (IMAGES, np.eye(4), r"argmax.*Received: labels of shape \(4, 4\)"),
        (IMAGES, [0.0, 1.0, 1.0, 0.0], r"astype\('int64'\)\. Received: label 0 of type float64"),
    ],
)
def test_bad_arrays_are_named(images, labels, message):
    with pytest.raises(ValueError, match=message):
        ArraySplit(images, labels)


def test_validate_labels_accepts_an_empty_list():
    assert validate_labels([]).shape == (0,)


def test_the_base_class_says_what_to_implement():
    with pytest.raises(NotImplementedError, match=r"Split must implement load"):
        Split().load([0])
    with pytest.raises(NotImplementedError, match=r"Split must implement subset"):
        Split().subset([0])
