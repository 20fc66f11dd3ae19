"""Gray images that are stored in color."""

import numpy as np

from ltzoo.data import from_arrays
from ltzoo.data.gray import gray_in_color


def _dataset(images):
    return from_arrays(images, np.arange(len(images)) % 2)


def test_images_with_three_equal_channels_are_counted():
    gray = np.random.default_rng(0).integers(0, 256, (100, 4, 4, 1)).astype("uint8")
    assert gray_in_color(_dataset(gray.repeat(3, -1)).train) == 64
    assert gray_in_color(_dataset(gray.repeat(3, -1)[:10]).train) == 10
    assert gray_in_color(_dataset(gray).train) == 0
    colored = gray.repeat(3, -1)
    colored[0, 0, 0, 0] ^= 1
    assert gray_in_color(_dataset(colored).train) == 0
