import numpy as np
import pytest

from ltzoo.data import augmentation
from ltzoo.data.augmentation.cmo import CMO
from ltzoo.data.augmentation.cutmix import paste
from ltzoo.sampling import SampledBatches, make_sampler

LABELS = np.repeat([0, 1, 2], [60, 9, 3])


def pairs(count=4):
    """Main images of 10 with label 0, companions of 200 with label 2."""
    images = np.tile(np.array([10, 200], "uint8")[:, None, None, None], (count, 8, 8, 3))
    return images, np.tile([0, 2], count)


def test_rectangles_of_the_companion_on_the_main_image():
    images, labels = pairs()
    for seed in range(20):
        mixed, soft = CMO(3, probability=1.0)(images, labels, np.random.default_rng(seed))
        assert mixed.shape == (4, 8, 8, 3) and mixed.dtype == np.uint8 and soft.dtype == np.float32
        share = (mixed == 10).mean(axis=(1, 2, 3))
        np.testing.assert_allclose(soft, np.stack([share, 0 * share, 1 - share], 1), atol=1e-6)


def test_one_rectangle_by_the_draws_of_cutmix():
    rng = np.random.default_rng(7)
    images = rng.integers(0, 256, (6, 8, 8, 3), dtype="uint8")
    mixed, _ = CMO(3, alpha=2.0, probability=1.0)(images, np.arange(6) % 3, np.random.default_rng(5))
    rng = np.random.default_rng(5)
    rng.random()
    np.testing.assert_array_equal(mixed, paste(images[0::2], images[1::2], rng.beta(2.0, 2.0), rng)[0])


def test_half_of_the_batches_are_the_main_images():
    images, labels = pairs()
    plain = 0
    for seed in range(1000):
        result, soft = CMO(3)(images, labels, np.random.default_rng(seed))
        if np.array_equal(soft, np.eye(3)[[0] * 4]) and (result == 10).all():
            plain += 1
    # 0.5 and a few rectangles of no pixel.
    assert 0.46 < plain / 1000 < 0.6


def test_with_the_sampler_of_a_stage():
    """Companions are drawn evenly over the classes, main images as they come."""
    sampler = make_sampler(LABELS, batch_size=8, seed=1, companion={"strategy": "class_balanced"})
    assert len(sampler.batch(0, 0)) == 16
    foreground = np.concatenate([LABELS[sampler.batch(e, s)[1::2]] for e in range(6) for s in range(9)])
    assert (np.bincount(foreground) / len(foreground) > 0.25).all()
    images = np.broadcast_to(LABELS.astype("uint8")[:, None, None, None], (72, 8, 8, 3))
    transform = augmentation.get([{"name": "cmo", "probability": 1.0}], num_classes=3)
    batch, soft = SampledBatches(sampler, images.__getitem__, transform).batch(0, 0)
    assert batch.shape == (8, 8, 8, 3) and soft.shape == (8, 3)
    shares = np.stack([(batch == c).mean(axis=(1, 2, 3)) for c in range(3)], axis=1)
    np.testing.assert_allclose(soft, shares, atol=1e-6)


def test_errors():
    images, labels = pairs()
    with pytest.raises(ValueError, match="companion.*Received: 7 images"):
        CMO(3)(images[:7], labels[:7], np.random.default_rng(0))
    with pytest.raises(ValueError, match="probability=0"):
        CMO(3, probability=0)
