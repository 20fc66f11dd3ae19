"""Decode images to raw pixels inside a TensorFlow graph, as `ltzoo predict` does with Pillow."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from ltzoo.data.image_fit import PADDING
from ltzoo.export_formats import bmp_bytes, gif_bytes, jpeg_bytes, png_bytes
from ltzoo.export_formats.graph_bytes import bytes_at, checked, spells

_DECODERS = (jpeg_bytes, png_bytes, gif_bytes, bmp_bytes)


def read_images(
    contents: Any, image_shape: tuple[int, int, int], resize: int | None = None, fit: str = "crop"
) -> Any:
    """Decode PNG, JPEG, GIF (first frame) and BMP files to images of one size.

    The steps are the same as in `ltzoo.data.pixels`. Show transparent pixels on white and turn the image upright by
    its EXIF orientation. Convert it to RGB or gray. Scale it as `fit` says, and crop or pad it. A file that
    TensorFlow's decoders would read in another way is refused; the table in `docs/pixels.md` lists which.

    Args:
        contents: the files, a string tensor `[batch]`.
        image_shape: (height, width, channels), channels 1 or 3.
        resize: length of the shorter side before the center crop; None scales as little as possible.
        fit: "crop", "squash" or "pad"; see `ltzoo.data.image_fit.fit_image`.

    Returns:
        float32 `[batch, height, width, channels]`, whole numbers 0..255.

    Raises:
        InvalidArgumentError: a file is not such an image or is refused; the whole batch fails.
    """
    import tensorflow as tf

    height, width, channels = image_shape

    def read(content):
        decoded = decode(
            content, channels, functools.partial(_scale, size=(height, width), resize=resize, fit=fit)
        )
        if fit == "crop":
            pixels = resize_and_crop(decoded, (height, width), resize)
        else:
            pixels = (squash if fit == "squash" else pad)(decoded, (height, width))
        return tf.ensure_shape(pixels, (height, width, channels))

    return tf.map_fn(read, contents, fn_output_signature=tf.TensorSpec(image_shape, tf.float32))


def decode(content: Any, channels: int, scale: Callable[[Any, Any], Any] | None = None) -> Any:
    """Decode one image to upright float32 pixels `[height, width, channels]`, whole numbers 0..255.

    As in Pillow, gray values follow ITU-R 601-2. With `scale`, large JPEG files are decoded at reduced size; see
    `jpeg_bytes.decode`.
    """
    import tensorflow as tf

    head = bytes_at(content, 0, 8)

    def refused():
        return checked(tf.zeros([1, 1, 3], tf.int32), (False, "JPEG, PNG, GIF or BMP files"))

    def read(decoder):
        return decoder.decode(content, scale) if decoder is jpeg_bytes else decoder.decode(content)

    pixels = tf.case(
        [(spells(head, decoder.SIGNATURE), functools.partial(read, decoder)) for decoder in _DECODERS],
        default=refused,
    )
    pixels = tf.ensure_shape(pixels, (None, None, 3))
    if channels == 3:
        return tf.cast(pixels, tf.float32)
    weighted = pixels * tf.constant([19595, 38470, 7471])
    return tf.cast(
        tf.bitwise.right_shift(tf.reduce_sum(weighted, -1, keepdims=True) + 0x8000, 16), tf.float32
    )


def _scale(rows, columns, size, resize=None, fit="crop"):
    """Return the factor by which an image is scaled, as `ltzoo.data.image_fit.ImageFit.scale` does."""
    import tensorflow as tf

    if resize is not None:
        return resize / tf.minimum(rows, columns)
    return (tf.minimum if fit == "pad" else tf.maximum)(size[0] / rows, size[1] / columns)


def resize_and_crop(pixels: Any, size: tuple[int, int], resize: int | None = None) -> Any:
    """Scale an image until it just covers `size`, or to a shorter side, then crop the center.

    Scaling is bilinear with antialiasing. As Pillow does for 8-bit images, it scales across, then down, and
    rounds each result to whole numbers. Only values halfway between two numbers may round differently. In most
    photos one pixel in a hundred differs by 1 of 255, in enlarged images one in ten, and very rarely by 2.

    Args:
        pixels: float32 `[rows, columns, channels]`, whole numbers 0..255.
        size: `(height, width)` of the result.
        resize: length of the scaled shorter side; None scales as little as possible.

    Returns:
        float32 `[height, width, channels]`, whole numbers 0..255.
    """
    import tensorflow as tf

    height, width = size
    rows, columns = (tf.cast(n, tf.float64) for n in tf.unstack(tf.shape(pixels)[:2]))
    scale = _scale(rows, columns, size, resize)
    shapes = []
    for axis, target, side in ((0, height, rows), (1, width, columns)):
        scaled = tf.maximum(tf.cast(target, tf.float64), tf.round(side * scale))
        part, *placed = _window(target, side, scaled)
        pixels = tf.gather(pixels, part, axis=axis)
        shapes.append((target, *placed))
    down, across = shapes
    pixels = _resampled(pixels, (tf.shape(pixels)[0], 1.0, 0.0), across)
    return _resampled(pixels, down, (width, 1.0, 0.0))


def squash(pixels: Any, size: Sequence[Any]) -> Any:
    """Scale each side of an image by itself, with the rounding of `resize_and_crop`.

    Args:
        pixels: float32 `[rows, columns, channels]`, whole numbers 0..255.
        size: `(height, width)` of the result; integers or scalar tensors.

    Returns:
        float32 `[height, width, channels]`, whole numbers 0..255.
    """
    import tensorflow as tf

    sides = tf.unstack(tf.cast(tf.shape(pixels)[:2], tf.float32))
    down, across = (
        (target, tf.cast(target, tf.float32) / side, 0.0) for target, side in zip(size, sides, strict=True)
    )
    pixels = _resampled(pixels, (tf.shape(pixels)[0], 1.0, 0.0), across)
    return _resampled(pixels, down, (size[1], 1.0, 0.0))


def pad(pixels: Any, size: tuple[int, int]) -> Any:
    """Scale an image until it fits inside `size`, then add gray bars; see `squash` for arguments and rounding."""
    import tensorflow as tf

    sides = tf.unstack(tf.cast(tf.shape(pixels)[:2], tf.float64))
    scale = _scale(sides[0], sides[1], size, fit="pad")
    scaled = [tf.maximum(1, tf.cast(tf.round(side * scale), tf.int32)) for side in sides]
    bars = [
        ((target - side) // 2, target - side - (target - side) // 2)
        for target, side in zip(size, scaled, strict=True)
    ]
    return tf.pad(squash(pixels, scaled), [*bars, (0, 0)], constant_values=PADDING)


def _window(target, side, scaled):
    """Return the positions of one side that the center needs, their scale, and how far the result is shifted.

    The work then does not grow with what is cropped.
    """
    import tensorflow as tf

    scale = scaled / side
    first = tf.floor((scaled - target) / 2)
    margin = tf.math.ceil(tf.maximum(tf.ones_like(scale), 1 / scale)) + 1
    start = tf.maximum(tf.zeros_like(scale), tf.floor(first / scale) - margin)
    stop = tf.minimum(side, tf.math.ceil((first + target) / scale) + margin)
    part = tf.range(tf.cast(start, tf.int32), tf.cast(stop, tf.int32))
    return part, tf.cast(scale, tf.float32), tf.cast(start * scale - first, tf.float32)


def _resampled(pixels, down, across):
    """Scale both sides, each to (pixels, scale, shift), and round."""
    import tensorflow as tf

    size, scale, shift = zip(down, across, strict=True)
    found = tf.raw_ops.ScaleAndTranslate(
        images=pixels[tf.newaxis],
        size=tf.stack(size),
        scale=tf.stack(scale),
        translation=tf.stack(shift),
        kernel_type="triangle",
        antialias=True,
    )
    return tf.floor(tf.clip_by_value(found[0], 0.0, 255.0) + 0.5)
