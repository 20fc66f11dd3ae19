import numpy as np
import pytest
from PIL import Image

from ltzoo.data.augmentation import AutoAugment, RandAugment
from ltzoo.data.augmentation.auto_augment import CIFAR10_POLICY, RAND_AUGMENT_OPERATIONS
from ltzoo.data.augmentation.pillow_operations import OPERATIONS, apply, to_array, to_pillow

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 12, 10, 3)).astype("uint8")


def run(name, strength, sign=1, image=IMAGES[0]):
    return to_array(apply(to_pillow(image), name, strength, sign, 128)).astype(int)


def test_operations_that_do_nothing_at_strength_zero():
    for name in set(OPERATIONS) - {"auto_contrast", "equalize", "invert"}:
        assert np.array_equal(run(name, 0.0), IMAGES[0]), name


def test_operations_do_what_they_say():
    image = IMAGES[0].astype(int)
    assert np.array_equal(run("invert", 0.0), 255 - image)
    assert np.array_equal(run("posterize", 1.0), image // 16 * 16)
    assert np.array_equal(run("solarize", 0.5), np.where(image < 128, image, 255 - image))
    np.testing.assert_allclose(run("brightness", 1.0, -1), image * 0.1, atol=1)
    shift = round(150 / 331 * 10)
    moved = run("translate_x", shift / (150 / 331 * 10))
    assert np.array_equal(moved[:, : 10 - shift], image[:, shift:]) and (moved[:, 10 - shift :] == 128).all()
    down = run("translate_y", 3 / (150 / 331 * 12), -1)
    assert np.array_equal(down[3:], image[:-3]) and (down[:3] == 128).all()
    sheared = run("shear_x", 1.0)
    assert np.array_equal(sheared[0], image[0]) and np.array_equal(sheared[11, :7], image[11, 3:])
    grey = run("color", 1.0, -1)
    assert np.ptp(grey, axis=2).max() <= 0.1 * np.ptp(image, axis=2).max() + 2
    assert np.array_equal(
        run("rotate", 1.0), np.asarray(Image.fromarray(IMAGES[0]).rotate(30, fillcolor=(128,) * 3))
    )


def test_policy_has_the_published_size():
    assert len(CIFAR10_POLICY) == 25
    steps = [step for pair in CIFAR10_POLICY for step in pair]
    assert len(steps) == 50 and {name for name, _, _ in steps} <= set(OPERATIONS)
    assert all(0 <= probability <= 1 and 0 <= magnitude <= 9 for _, probability, magnitude in steps)
    assert len(RAND_AUGMENT_OPERATIONS) == 14


@pytest.mark.parametrize("augmentation", [AutoAugment(), RandAugment(), RandAugment(3, 30, fill=0)])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_change_repeatably(augmentation, channels):
    images, labels = IMAGES[..., :channels], np.arange(40)
    before = images.copy()
    first, same = augmentation(images, labels, np.random.default_rng(4))
    again, _ = augmentation(images, labels, np.random.default_rng(4))
    assert first.dtype == np.uint8 and first.shape == images.shape and same is labels
    assert np.array_equal(first, again) and np.array_equal(images, before)
    changed = (first != images).any(axis=(1, 2, 3)).mean()
    assert 0.5 < changed <= 1.0


def test_rand_augment_picks_for_each_image():
    images = np.repeat(IMAGES[:1], 300, axis=0)
    result, _ = RandAugment(1, 15)(images, None, np.random.default_rng(0))
    distinct = len({image.tobytes() for image in result})
    # Nine of the fourteen operations have two directions; the identity and equalize on noise may coincide.
    assert 20 <= distinct <= 23


def test_errors():
    with pytest.raises(ValueError, match="num_ops=0"):
        RandAugment(0)
    with pytest.raises(ValueError, match="magnitude=31"):
        RandAugment(magnitude=31)
    with pytest.raises(ValueError, match="Received: fill=300"):
        AutoAugment(fill=300)
    with pytest.raises(ValueError, match="apply mixup after.*float32"):
        AutoAugment()(IMAGES.astype("float32"), None, np.random.default_rng(0))
