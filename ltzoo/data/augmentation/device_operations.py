"""The operations of AutoAugment and RandAugment on a batch with `keras.ops`, chosen per image.

Each (operation, strength, sign, fill) is represented by a constant, and every image looks up its own. Pillow
computes these constants where possible. Affine operations have the source position of every pixel. Operations
on single pixels have a table of 256 gray values.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from ltzoo.data.augmentation.pillow_operations import apply, to_array, to_pillow


@dataclass(frozen=True)
class Choice:
    """An operation of `pillow_operations.OPERATIONS` with strength (0 .. 1), sign (+1, -1) and fill (0 .. 255)."""

    name: str
    strength: float
    sign: int
    fill: int


def operate(images: Any, choices: Sequence[Choice], chosen: Any) -> Any:
    """Apply one of the given operations to each image, as Pillow does on 8-bit images.

    Args:
        images: int32 [B, H, W, 1 or 3], values 0 .. 255; H and W static.
        choices: at least one operation.
        chosen: int32 [B], index in `choices` for each image.

    Returns:
        int32 [B, H, W, C], equal to `pillow_operations.apply` with two exceptions. For "auto_contrast" Pillow
        may be one lower, because it truncates a rounded quotient. "color", "contrast" and "sharpness" may
        differ by one if Pillow's compiler fused product and sum (none does on x86-64).
    """
    result = images
    for family in dict.fromkeys(OPERATIONS[choice.name] for choice in choices):
        if family is None:
            continue
        constants, numbers = _constants(family, tuple(choices), images.shape[1], images.shape[2])
        mine = ops.take(ops.convert_to_tensor(numbers), chosen, axis=0)
        own = ops.take(ops.convert_to_tensor(constants), ops.maximum(mine, 0), axis=0)
        result = ops.where((mine >= 0)[:, None, None, None], family.apply(images, own), result)
    return result


@dataclass(frozen=True)
class _Family:
    """Operations that share one computation.

    Attributes:
        constant: function (choice, height, width) -> constant of one operation, a NumPy number or array.
        apply: function (int32 images [B, ...], constants [B, ...]) -> int32 images.
    """

    constant: Callable[[Choice, int, int], Any]
    apply: Callable[[Any, Any], Any]


@functools.lru_cache(maxsize=64)
def _constants(family, choices, height, width):
    """Return the distinct constants [n, ...] of a family, and their index per choice (-1 in other families)."""
    mine = {choice: None for choice in choices if OPERATIONS[choice.name] is family}
    constants = np.stack([family.constant(choice, height, width) for choice in mine])
    order = {choice: number for number, choice in enumerate(mine)}
    return constants, np.array([order.get(choice, -1) for choice in choices], "int32")


def _positions(choice, height, width):
    """Return the source of every pixel in the flat image, or -1 - fill for pixels from outside.

    Pillow moves an image whose pixels encode their own positions.
    """
    number = np.arange(1, height * width + 1).reshape(height, width)
    image = np.stack([number >> 16, number >> 8 & 255, number & 255], axis=-1).astype("uint8")
    moved = to_array(apply(to_pillow(image), choice.name, choice.strength, choice.sign, 0)).astype("int32")
    source = moved @ np.array([1 << 16, 1 << 8, 1], "int32") - 1
    return np.where(source < 0, -1 - choice.fill, source).reshape(-1)


def _move(images, positions):
    height, width, channels = images.shape[1:]
    pixels = ops.reshape(images, (-1, height * width, channels))
    positions = positions[:, :, None]
    moved = ops.take_along_axis(pixels, ops.maximum(positions, 0), axis=1)
    return ops.reshape(ops.where(positions < 0, -1 - positions, moved), (-1, height, width, channels))


def _table(choice, height, width):
    """Return the result for each of the 256 gray values."""
    ramp = np.arange(256, dtype="uint8").reshape(1, 256, 1)
    return to_array(apply(to_pillow(ramp), choice.name, choice.strength, choice.sign, choice.fill)).reshape(
        -1
    )


def _look_up(images, tables):
    flat = ops.reshape(images, (-1, int(np.prod(images.shape[1:]))))
    found = ops.take_along_axis(ops.cast(tables, "int32"), flat, axis=1)
    return ops.reshape(found, (-1, *images.shape[1:]))


def _nothing(choice, height, width):
    return np.zeros((), "int32")


def _auto_contrast(images, _):
    """Stretch every channel to 0 .. 255; keep constant channels."""
    low = ops.min(images, axis=(1, 2), keepdims=True)
    spread = ops.max(images, axis=(1, 2), keepdims=True) - low
    return ops.where(spread > 0, 255 * (images - low) // ops.maximum(spread, 1), images)


def _equalize(images, _):
    """Map each value of a channel to (step // 2 + number of darker pixels) // step.

    step = n // 255, where n counts the pixels below the brightest value of the channel. A channel with step 0
    (few pixels, or one value) is kept.
    """
    height, width, channels = images.shape[1:]
    count = ops.shape(images)[0]
    # Each channel of each image has 256 bins of one long histogram.
    row = ops.arange(count * channels, dtype="int32")[:, None]
    flat = ops.reshape(ops.transpose(images, (0, 3, 1, 2)), (-1, height * width))
    bins = ops.reshape(row * 256 + flat, (-1,))
    histogram = ops.segment_sum(ops.ones_like(bins), bins, num_segments=count * channels * 256)
    histogram = ops.reshape(histogram, (-1, 256))
    brightest = ops.take_along_axis(histogram, ops.max(flat, axis=1, keepdims=True), axis=1)
    step = (height * width - brightest) // 255
    darker = ops.cumsum(histogram, axis=1) - histogram
    table = ops.minimum((step // 2 + darker) // ops.maximum(step, 1), 255)
    result = ops.where(step > 0, ops.take_along_axis(ops.cast(table, "int32"), flat, axis=1), flat)
    return ops.transpose(ops.reshape(result, (-1, channels, height, width)), (0, 2, 3, 1))


def _factor(choice, height, width):
    return np.float32(1.0 + choice.sign * 0.9 * choice.strength)


def _blend(degenerate):
    """Return the family of degenerate(images) + factor * (images - degenerate(images)), clipped and truncated."""

    def apply(images, factors):
        start = degenerate(images)
        change = factors[:, None, None, None] * ops.cast(images - start, "float32")
        # A bound that is never reached keeps compilers from fusing product and sum, which rounds differently
        # from Pillow: there, 1.1 * 40 is a whole number.
        change = ops.clip(change, -512.0, 512.0)
        return ops.cast(ops.clip(ops.cast(start, "float32") + change, 0.0, 255.0), "int32")

    return _Family(_factor, apply)


def _luma(images):
    """Return 0.299 R + 0.587 G + 0.114 B, rounded, in 16-bit fixed point as Pillow does; [B, H, W, 1]."""
    if images.shape[-1] == 1:
        return images
    weighted = 19595 * images[..., :1] + 38470 * images[..., 1:2] + 7471 * images[..., 2:]
    return (weighted + 32768) // 65536


def _mean_luma(images):
    luma = _luma(images)
    pixels = images.shape[1] * images.shape[2]
    return (2 * ops.sum(luma, axis=(1, 2), keepdims=True) + pixels) // (2 * pixels)


def _smooth(images):
    """Return the rounded mean over 3 x 3 pixels with weight 5 in the middle; keep the border."""
    height, width = images.shape[1:3]
    if min(height, width) < 3:
        return images
    rows = images[:, :-2] + images[:, 1:-1] + images[:, 2:]
    total = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:] + 4 * images[:, 1:-1, 1:-1]
    inner = np.zeros((1, height, width, 1), "bool")
    inner[:, 1:-1, 1:-1] = True
    smooth = ops.pad((2 * total + 13) // 26, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return ops.where(ops.convert_to_tensor(inner), smooth, images)


_MOVE, _TABLE = _Family(_positions, _move), _Family(_table, _look_up)

OPERATIONS = {
    "identity": None,
    "shear_x": _MOVE,
    "shear_y": _MOVE,
    "translate_x": _MOVE,
    "translate_y": _MOVE,
    "rotate": _MOVE,
    "brightness": _TABLE,
    "color": _blend(_luma),
    "contrast": _blend(_mean_luma),
    "sharpness": _blend(_smooth),
    "posterize": _TABLE,
    "solarize": _TABLE,
    "auto_contrast": _Family(_nothing, _auto_contrast),
    "equalize": _Family(_nothing, _equalize),
    "invert": _TABLE,
}
