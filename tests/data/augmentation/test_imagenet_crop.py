import numpy as np
import pytest
from PIL import Image

from ltzoo.data.augmentation import ImageNetEvalCrop, ImageNetTrainCrop


def ramp(width, height):
    """Red grows from left to right and green from top to bottom."""
    columns = np.broadcast_to(np.linspace(0, 255, width), (height, width))
    rows = np.broadcast_to(np.linspace(0, 255, height)[:, None], (height, width))
    return Image.fromarray(np.stack([columns, rows, np.zeros((height, width))], -1).astype("uint8"))


def test_windows_have_the_published_area_and_ratio():
    crop = ImageNetTrainCrop(8)
    uniforms = np.random.default_rng(0).random((3000, 10, 4))
    windows = np.array([crop._window(400, 300, u) for u in uniforms])
    left, top, width, height = windows.T
    assert (left >= 0).all() and (top >= 0).all()
    assert (left + width <= 400).all() and (top + height <= 300).all()
    area, ratio = width * height / 120_000, width / height
    assert area.min() > 0.075 and area.max() <= 1.0 and ratio.min() > 0.72 and ratio.max() < 1.37
    small = area < 0.5
    np.testing.assert_allclose(area[small].mean(), 0.29, atol=0.02)
    np.testing.assert_allclose(np.log(ratio[small]).mean(), 0.0, atol=0.02)
    inner = left[small] / (400 - width[small])
    np.testing.assert_allclose([inner.mean(), inner.var()], [0.5, 1 / 12], atol=0.02)


def test_a_crop_that_never_fits_becomes_the_centre():
    crop = ImageNetTrainCrop(8, scale=(1.0, 1.0))
    uniforms = np.full((10, 4), 0.5)
    assert crop._window(300, 30, uniforms) == (130, 0, 40, 30)
    assert crop._window(30, 300, uniforms) == (0, 130, 30, 40)


def test_reader_is_independent_of_the_order_of_reading():
    image = ramp(60, 50)
    crop = ImageNetTrainCrop(16, color_jitter=0.4)
    forward, backward = (crop.reader(6, np.random.default_rng(2)) for _ in range(2))
    first = [forward(image, index) for index in range(6)]
    second = [backward(image, index) for index in reversed(range(6))][::-1]
    assert np.array_equal(first, second)
    assert first[0].shape == (16, 16, 3) and first[0].dtype == np.uint8
    assert len({result.tobytes() for result in first}) == 6


def test_half_of_the_images_are_flipped():
    images = np.repeat(np.asarray(ramp(20, 20))[None], 400, axis=0)
    result, _ = ImageNetTrainCrop(8)(images, None, np.random.default_rng(0))
    flipped = result[:, 4, 0, 0] > result[:, 4, -1, 0].astype(int)
    assert abs(flipped.mean() - 0.5) < 0.1
    plain, _ = ImageNetTrainCrop(8, flip=False)(images, None, np.random.default_rng(0))
    assert (plain[:, 4, 0, 0] < plain[:, 4, -1, 0]).all()


def test_jitter_changes_brightness_within_its_range():
    grey = np.full((300, 8, 8, 3), 100, "uint8")
    crop = ImageNetTrainCrop(8, color_jitter=0.4)
    result, _ = crop(grey, None, np.random.default_rng(0))
    assert 58 <= result.min() < 65 and 135 < result.max() <= 141


@pytest.mark.parametrize("width, height", [(64, 128), (128, 64), (64, 64)])
def test_evaluation_takes_the_middle(width, height):
    crop = ImageNetEvalCrop(56)
    assert crop.resize == 64
    read = crop.reader(1, None)
    result = read(ramp(width, height), 0).astype(float)
    assert result.shape == (56, 56, 3)
    np.testing.assert_allclose(result[..., 0].mean(), 127.5, atol=2)
    np.testing.assert_allclose(result[..., 1].mean(), 127.5, atol=2)
    share = np.ptp(result[..., 0]) / 255
    np.testing.assert_allclose(share, 55 / 63 * min(width, height) / width, atol=0.02)


def test_evaluation_crops_a_thin_image_before_it_is_enlarged():
    image = Image.fromarray((np.arange(60_000) % 251).astype("uint8").reshape(-1, 1))
    result = ImageNetEvalCrop(224).reader(1, None)(image, 0)
    assert result.shape == (224, 224, 1) and 127 <= result.min() <= result.max() <= 131


def test_errors():
    with pytest.raises(ValueError, match="Received: size=0"):
        ImageNetTrainCrop(0)
    with pytest.raises(ValueError, match="color_jitter=1"):
        ImageNetTrainCrop(8, color_jitter=1)
    with pytest.raises(ValueError, match="size=10, resize=8"):
        ImageNetEvalCrop(10, resize=8)
