import numpy as np
import pytest

from ltzoo.data import augmentation

IMAGES = np.random.default_rng(0).integers(1, 256, (3, 6, 6, 1)).astype("uint8")
BLANK = {"name": "cutout", "size": 12}


def test_each_view_gets_its_own_steps():
    views = np.repeat(IMAGES, 3, axis=0)
    labels = np.repeat([4, 5, 6], 3)
    crop = {"name": "pad_crop_flip", "padding": 2, "flip": True}
    transform = augmentation.get([{"name": "per_view", "steps": [[], [crop, BLANK], [crop]]}], 7)
    images, unchanged = transform(views, labels, np.random.default_rng(1))
    np.testing.assert_array_equal(images[0::3], IMAGES)
    assert (images[1::3] == 0).all()
    assert (images[2::3] != IMAGES).any() and (images[2::3] != 0).any()
    np.testing.assert_array_equal(unchanged, labels)
    again, _ = transform(views, labels, np.random.default_rng(1))
    np.testing.assert_array_equal(again, images)


def test_errors():
    with pytest.raises(ValueError, match="'views': 2.*batch of 3 images"):
        augmentation.get([{"name": "per_view", "steps": [[], []]}])(IMAGES, np.arange(3), None)
    for steps in ([], [[{"name": "imagenet_train_crop", "size": 4}]]):
        with pytest.raises(ValueError, match="Received: steps="):
            augmentation.get([{"name": "per_view", "steps": steps}])
