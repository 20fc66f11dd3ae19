import numpy as np
import pytest

from ltzoo.data.augmentation import get
from ltzoo.data.augmentation.random_gray import RandomGray


def test_some_images_become_their_luminance():
    images = np.random.default_rng(0).integers(0, 256, (2000, 2, 2, 3)).astype("uint8")
    labels = np.arange(2000)
    result, same = RandomGray(0.2)(images, labels, np.random.default_rng(1))
    assert same is labels and result.dtype == np.uint8
    gray = images @ np.array([0.299, 0.587, 0.114])
    changed = (np.abs(result - gray[..., None]) <= 0.5001).all((1, 2, 3))
    assert (result[~changed] == images[~changed]).all()
    assert 0.17 < changed.mean() < 0.23


def test_other_images_and_probabilities():
    images = np.full((4, 2, 2, 1), 7, "uint8")
    step = get([{"name": "random_gray", "probability": 1.0}])
    np.testing.assert_array_equal(step(images, None, np.random.default_rng(0))[0], images)
    color = np.random.default_rng(0).normal(size=(4, 2, 2, 3)).astype("float32")
    found, _ = step(color, None, np.random.default_rng(0))
    np.testing.assert_allclose(found[..., 1], color @ np.array([0.299, 0.587, 0.114], "float32"), rtol=1e-5)
    np.testing.assert_array_equal(RandomGray(0.0)(color, None, np.random.default_rng(0))[0], color)
    with pytest.raises(ValueError, match="probability=2"):
        RandomGray(2)
