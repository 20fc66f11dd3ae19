import numpy as np
import pytest

from ltzoo.data import augmentation
from ltzoo.sampling import ClassSampler, SampledBatches

CROP = {"name": "pad_crop_flip", "padding": 1, "flip": True}
IMAGES = np.random.default_rng(0).integers(0, 256, (6, 5, 5, 3)).astype("uint8")


def test_nothing_to_do_is_none():
    assert augmentation.get([], 3) is None
    assert augmentation.get((), num_classes=3, mixup_alpha=0.0) is None


def test_steps_run_in_order_and_mixup_last():
    config = [CROP, {"name": "cutout", "size": 2}]
    labels = np.arange(6) % 3
    images, soft = augmentation.get(config, 3, mixup_alpha=1.0)(IMAGES, labels, np.random.default_rng(7))
    rng = np.random.default_rng(7)
    expected, _ = augmentation.PadCropFlip(padding=1)(IMAGES, labels, rng)
    expected, _ = augmentation.Cutout(size=2)(expected, labels, rng)
    expected, expected_soft = augmentation.Mixup(1.0, 3)(expected, labels, rng)
    assert np.array_equal(images, expected) and np.array_equal(soft, expected_soft)
    assert config[0] is CROP and CROP["name"] == "pad_crop_flip"


@pytest.mark.parametrize("name", ["auto_augment", "rand_augment"])
def test_every_name_makes_its_step(name):
    images, labels = augmentation.get([{"name": name}], 3)(IMAGES, np.zeros(6, int), np.random.default_rng(0))
    assert images.shape == IMAGES.shape and images.dtype == np.uint8 and len(labels) == 6


def test_crops_of_original_images_are_done_by_the_reader():
    config = [{"name": "imagenet_train_crop", "size": 4}, {"name": "cutout", "size": 1}]
    transform = augmentation.get(config, 2, mixup_alpha=1.0)
    assert augmentation.get([CROP], 2).reader(3, np.random.default_rng(0)) is None

    def load(positions, read):
        return np.stack([read(augmentation_image(p), index) for index, p in enumerate(positions)])

    sampler = ClassSampler(np.arange(6) % 2, batch_size=6)
    images, labels = SampledBatches(sampler, load, transform).batch(0, 0)
    assert images.shape == (6, 4, 4, 3) and labels.shape == (6, 2)
    again, _ = SampledBatches(sampler, load, transform).batch(0, 0)
    assert np.array_equal(images, again)


def augmentation_image(position):
    from PIL import Image

    return Image.fromarray(np.full((9 + position, 12, 3), 20 * position, "uint8"))


@pytest.mark.parametrize(
    "config, arguments, message",
    [
        (
            [{"name": "cutot"}],
            {},
            "cutout, imagenet_eval_crop.* Did you mean 'cutout'. Received: name='cutot'",
        ),
        ([{"size": 3}], {}, "`name` must be an augmentation step.* Received: name=None"),
        ([{"name": "cutout", "side": 3}], {}, "step 'cutout' has no argument `side`"),
        ([{"name": "cutmix"}], {}, "step 'cutmix': missing a required argument: 'num_classes'"),
        ([CROP, {"name": "imagenet_eval_crop"}], {}, "first step only.*ImageNetEvalCrop"),
        ([CROP], {"mixup_alpha": 0.2}, "Received: num_classes=None"),
    ],
)
def test_errors(config, arguments, message):
    with pytest.raises(ValueError, match=message):
        augmentation.get(config, **arguments)
