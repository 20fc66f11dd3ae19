import math

import numpy as np
import pytest

from ltzoo.data.augmentation.cutmix import CutMix, paste, random_box


def published_box(height, width, lam, row, column):
    """The released code's rectangle from a given center."""
    cut = np.sqrt(1.0 - lam)
    cut_height, cut_width = int(height * cut), int(width * cut)
    rows = np.clip([row - cut_height // 2, row + cut_height // 2], 0, height)
    columns = np.clip([column - cut_width // 2, column + cut_width // 2], 0, width)
    return (*rows, *columns)


def test_boxes_are_those_of_the_released_code():
    sizes = []
    for seed in range(300):
        lam = seed / 299
        rng = np.random.default_rng(seed)
        row, column = int(rng.integers(9)), int(rng.integers(6))
        box = random_box(9, 6, lam, np.random.default_rng(seed))
        assert box == published_box(9, 6, lam, row, column)
        sizes.append((box[1] - box[0]) * (box[3] - box[2]))
    assert sizes[-1] == 0 and max(sizes) > 30


def test_labels_follow_the_pixels():
    """Image i holds the number i everywhere, so the shares can be read off the pixels."""
    count = 6
    images = np.broadcast_to(np.arange(count, dtype="uint8")[:, None, None, None], (count, 9, 6, 2))
    for seed in range(20):
        mixed, labels = CutMix(count)(images, np.arange(count), np.random.default_rng(seed))
        assert mixed.dtype == np.uint8 and labels.dtype == np.float32
        shares = np.stack([(mixed == k).mean(axis=(1, 2, 3)) for k in range(count)], axis=1)
        np.testing.assert_allclose(labels, shares, atol=1e-6)
    assert np.array_equal(images[:, 0, 0, 0], np.arange(count)), "the input stays as it was"


def test_the_pasted_part_comes_from_the_same_place():
    rng = np.random.default_rng(0)
    images, others = rng.integers(0, 256, (2, 4, 8, 8, 3), dtype="uint8")
    mixed, lam = paste(images, others, 0.4, np.random.default_rng(1))
    pasted = (mixed != images).any(axis=(0, 3))
    np.testing.assert_array_equal(mixed[:, pasted], others[:, pasted])
    np.testing.assert_allclose(lam, 1 - pasted.mean())


def test_probability_and_expected_share():
    images = np.zeros((2, 32, 32, 1), "uint8")
    step = CutMix(2, alpha=1.0, probability=0.5)
    unmixed, shares = 0, []
    for seed in range(2000):
        same, labels = step(images, np.array([0, 1]), np.random.default_rng(seed))
        unmixed += same is images
        shares.append(labels[0, 0])
    assert abs(unmixed / 2000 - 0.5) < 0.05
    assert np.shape(labels) == (2, 2) and all(0 <= share <= 1 for share in shares)


def test_alpha_sets_the_size():
    """Large alpha: lam0 is near 1/2; away from the border the rectangle covers about half."""
    lam = np.random.default_rng(0).beta(1e6, 1e6)
    top, bottom, left, right = random_box(1000, 1000, lam, _Center())
    assert math.isclose((bottom - top) * (right - left) / 1e6, 0.5, abs_tol=0.01)


class _Center:
    def integers(self, size):
        return size // 2


def test_errors():
    for bad, message in (
        ({"alpha": 0}, "alpha=0"),
        ({"probability": 0}, "probability=0"),
        ({"probability": 1.1}, "=1.1"),
    ):
        with pytest.raises(ValueError, match=message):
            CutMix(3, **bad)
