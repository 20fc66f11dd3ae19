import numpy as np
import pytest

from ltzoo.data.augmentation import PadCropFlip


def coordinates(count, side):
    """Images whose two channels hold row + 1 and column + 1, so that every pixel tells where it came from."""
    rows, columns = np.meshgrid(np.arange(side) + 1, np.arange(side) + 1, indexing="ij")
    return np.repeat(np.stack([rows, columns], axis=-1)[None], count, axis=0).astype("uint8")


def test_windows_are_crops_of_the_zero_padded_image_with_uniform_offsets():
    images = coordinates(6000, 5)
    labels = np.arange(6000)
    result, same = PadCropFlip(padding=2)(images, labels, np.random.default_rng(0))
    assert result.dtype == np.uint8 and same is labels
    padded = np.pad(images[0], ((2, 2), (2, 2), (0, 0)))
    seen = {}
    for image in result:
        seen[image.tobytes()] = seen.get(image.tobytes(), 0) + 1
    expected = set()
    for top in range(5):
        for left in range(5):
            window = padded[top : top + 5, left : left + 5]
            expected |= {window.tobytes(), window[:, ::-1].tobytes()}
    assert set(seen) == expected and len(expected) == 50
    assert all(abs(count - 120) < 5 * 120**0.5 for count in seen.values())


def test_reflection_and_no_flip():
    images = np.arange(16, dtype="uint8").reshape(1, 4, 4, 1)
    crop = PadCropFlip(padding=1, flip=False, mode="reflect")
    padded = np.pad(images[0, :, :, 0], 1, "reflect")
    windows = {padded[i : i + 4, j : j + 4].tobytes() for i in range(3) for j in range(3)}
    results = {crop(images, None, np.random.default_rng(seed))[0].tobytes() for seed in range(200)}
    assert results == windows


def test_input_is_kept_and_rng_decides():
    images = coordinates(8, 6)
    before = images.copy()
    first, _ = PadCropFlip()(images, None, np.random.default_rng(1))
    second, _ = PadCropFlip()(images, None, np.random.default_rng(1))
    assert np.array_equal(images, before) and np.array_equal(first, second)
    none, _ = PadCropFlip(padding=0, flip=False)(images, None, np.random.default_rng(1))
    assert np.array_equal(none, images)


def test_errors():
    with pytest.raises(ValueError, match="Received: padding=-1"):
        PadCropFlip(padding=-1)
    with pytest.raises(ValueError, match="zero, reflect.*mode='edge'"):
        PadCropFlip(mode="edge")
