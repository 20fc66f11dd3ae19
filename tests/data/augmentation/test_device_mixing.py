import itertools

import numpy as np
import pytest
from keras import ops

from ltzoo.data.augmentation import DeviceAugmentation
from ltzoo.data.augmentation.cutmix import random_box
from ltzoo.data.augmentation.device_mixing import DeviceCMO, DeviceCutMix


class Given:
    """Draws that are given: a lambda, a row, a column, and whether a batch is mixed."""

    def __init__(self, lam, row, column, uniform=0.0):
        self.lam, self.places, self.number = lam, {4: row, 5: column}, uniform

    def beta(self, stream, alpha):
        return ops.convert_to_tensor(self.lam, "float32")

    def integers(self, stream, shape, limit):
        assert self.places[stream] < limit
        return ops.convert_to_tensor(self.places[stream], "int32")

    def uniform(self, stream, shape):
        return ops.convert_to_tensor(self.number, "float32")


class Centers:
    """The `integers` of a NumPy generator, given."""

    def __init__(self, *numbers):
        self.numbers = list(numbers)

    def integers(self, limit):
        return self.numbers.pop(0)


def test_rectangles_are_those_of_the_host():
    height, width = 7, 10
    step = DeviceCutMix(3)
    for lam, row, column in itertools.product((0.0, 0.11, 0.37, 0.62, 0.98, 1.0), (0, 3, 6), (0, 4, 9)):
        top, bottom, left, right = random_box(height, width, lam, Centers(row, column))
        expected = np.zeros((height, width), bool)
        expected[top:bottom, left:right] = True
        inside = ops.convert_to_numpy(step._rectangle((height, width), Given(lam, row, column)))
        np.testing.assert_array_equal(inside, expected)


def test_pairs_are_a_main_image_and_its_companion():
    images = ops.convert_to_tensor(
        np.arange(6, dtype="float32")[:, None, None, None] * np.ones((1, 4, 4, 1), "float32")
    )
    labels = ops.one_hot(ops.convert_to_tensor([0, 1, 2, 3, 4, 5]), 6, dtype="float32")
    draws = Given(0.75, 1, 1)  # a quarter of the image: rows and columns 0 and 1
    step = DeviceCMO(6, probability=0.5)
    mixed = ops.convert_to_numpy(step.mix_images(images, draws))[..., 0]
    soft = ops.convert_to_numpy(step.mix_labels(labels, (4, 4), draws))
    for place, (main, companion) in enumerate([(0, 1), (2, 3), (4, 5)]):
        assert (mixed[place, :2, :2] == companion).all() and (mixed[place] == main).sum() == 12
        np.testing.assert_allclose(soft[place], 0.75 * np.eye(6)[main] + 0.25 * np.eye(6)[companion])
    left = Given(0.75, 1, 1, uniform=0.5)  # not below the probability
    np.testing.assert_array_equal(ops.convert_to_numpy(step.mix_images(images, left)), images[0::2])
    np.testing.assert_array_equal(ops.convert_to_numpy(step.mix_labels(labels, (4, 4), left)), labels[0::2])


@pytest.mark.parametrize("name, count", [("cutmix", 8), ("cmo", 4)])
def test_labels_are_the_shares_of_the_images(name, count):
    layer = DeviceAugmentation([{"name": name, "probability": 0.5}], 0.0, 8, seed=2)
    images = np.broadcast_to(np.eye(8, dtype="uint8")[:, None, None, :] * 200, (8, 12, 10, 8))
    plain, shares = 0, set()
    for _ in range(80):
        mixed = ops.convert_to_numpy(layer(images, training=True))
        labels = ops.convert_to_numpy(layer.mix_labels(ops.convert_to_tensor(np.arange(8))))
        assert mixed.shape == (count, 12, 10, 8) and labels.shape == (count, 8)
        np.testing.assert_allclose(mixed.mean(axis=(1, 2)) / 200, labels, atol=1e-5)
        plain += labels.max(axis=1).min() == 1
        shares.add(labels.max(axis=1).min())
    assert 0.4 < plain / 80 < 0.75  # 0.5, and rectangles of no pixel
    assert len(shares) > 10


def test_odd_numbers_of_images_are_no_pairs():
    layer = DeviceAugmentation([{"name": "cmo"}], 0.0, 3, seed=2)
    with pytest.raises(ValueError, match="companion.*Received: 7 images"):
        layer(np.zeros((7, 4, 4, 3), "uint8"), training=True)
