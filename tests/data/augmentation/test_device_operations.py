import keras
import numpy as np
import pytest

from ltzoo.data.augmentation.device_operations import OPERATIONS, Choice, operate
from ltzoo.data.augmentation.pillow_operations import OPERATIONS as HOST_OPERATIONS
from ltzoo.data.augmentation.pillow_operations import apply, to_array, to_pillow
from tests.compiled import compiled

# The magnitudes of AutoAugment (ninths) and RandAugment (thirtieths), and the ends.
STRENGTHS = (0.0, 0.3, 5 / 9, 1.0)
# A Pillow whose compiler fuses product and sum (not on x86-64) may truncate a whole number that others do not.
BLENDS = ("color", "contrast", "sharpness")
MAY_DIFFER_BY_ONE = {"auto_contrast", *BLENDS}


def images(height, width, channels):
    """Noise, little contrast, constant, two values, one odd pixel, dark with highlights, a ramp; one flat channel."""
    rng = np.random.default_rng(3)
    noise = rng.integers(0, 256, (height, width, channels))
    ramp = np.broadcast_to(np.arange(width)[None, :, None] * 255 // (width - 1), noise.shape)
    made = [noise, 90 + noise // 6, np.full_like(noise, 77), np.where(noise < 60, 13, 200)]
    odd = np.full_like(noise, 254)
    odd[1, 2] = 255
    flat = noise // 2
    flat[..., -1] = 255
    made += [odd, np.where(noise < 250, noise % 3, noise), ramp, flat]
    return np.stack(made).astype("uint8")


@pytest.mark.parametrize("shape", [(24, 20, 3), (2, 9, 1)])
def test_every_operation_strength_and_sign_is_pillows(shape):
    pictures = images(*shape)
    choices = [
        Choice(name, s, sign, 128 - 5 * sign) for name in OPERATIONS for s in STRENGTHS for sign in (-1, 1)
    ]
    chosen = np.repeat(np.arange(len(choices), dtype="int32"), len(pictures))
    batch = np.tile(pictures, (len(choices), 1, 1, 1))
    function = compiled(lambda images, chosen: operate(images, choices, chosen))
    result = keras.ops.convert_to_numpy(function(batch.astype("int32"), chosen))
    for image, number, computed in zip(batch, chosen, result, strict=True):
        choice = choices[number]
        expected = to_array(apply(to_pillow(image), choice.name, choice.strength, choice.sign, choice.fill))
        error = np.abs(computed - expected.astype(int)).max()
        assert error <= (choice.name in MAY_DIFFER_BY_ONE), (choice, error)


def test_truncates_where_pillow_does():
    pictures = images(32, 32, 3)
    choices = [
        Choice(name, m / 9, sign, 0) for name in ("equalize", *BLENDS) for m in (3, 7) for sign in (-1, 1)
    ]
    function = compiled(lambda images, chosen: operate(images, choices, chosen))
    chosen = np.repeat(np.arange(len(choices), dtype="int32"), len(pictures))
    result = function(np.tile(pictures, (len(choices), 1, 1, 1)).astype("int32"), chosen)
    for choice, computed in zip(
        choices, np.split(keras.ops.convert_to_numpy(result), len(choices)), strict=True
    ):
        pillow = [
            to_array(apply(to_pillow(image), choice.name, choice.strength, choice.sign, 0))
            for image in pictures
        ]
        assert (computed != np.stack(pillow)).mean() < 0.01, choice


def test_same_operations_as_on_the_host():
    assert list(OPERATIONS) == list(HOST_OPERATIONS)
