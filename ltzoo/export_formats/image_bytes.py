"""Decode images to raw pixels inside a TensorFlow graph, as `ltzoo predict` does with Pillow."""

from __future__ import annotations

from typing import Any

from ltzoo.export_formats.exif_orientation import turn_upright


def read_images(contents: Any, image_shape: tuple[int, int, int], resize: int | None = None) -> Any:
    """Decode PNG, JPEG, GIF (first frame) and BMP files to images of one size.

    The steps are the same as in `ltzoo.data.files`. Turn a photo upright by its EXIF orientation (JPEG only).
    Convert it to RGB or gray. Scale it until it just covers the size, or to a shorter side of `resize`. Crop the
    center.

    Args:
        contents: the files, a string tensor `[batch]`.
        image_shape: (height, width, channels), channels 1 or 3.
        resize: length of the shorter side before the center crop; None scales as little as possible.

    Returns:
        float32 `[batch, height, width, channels]`, whole numbers 0..255.

    Raises:
        InvalidArgumentError: a file is not such an image; the whole batch fails.
    """
    import tensorflow as tf

    height, width, channels = image_shape

    def read(content):
        pixels = resize_and_crop(decode(content, channels), (height, width), resize)
        return tf.ensure_shape(pixels, (height, width, channels))

    return tf.map_fn(read, contents, fn_output_signature=tf.TensorSpec(image_shape, tf.float32))


def decode(content: Any, channels: int) -> Any:
    """Decode one image to upright float32 pixels `[height, width, channels]`, whole numbers 0..255.

    As in Pillow, JPEG decoding uses the accurate transform and gray values follow ITU-R 601-2.
    """
    import tensorflow as tf

    pixels = tf.cond(
        tf.io.is_jpeg(content),
        lambda: turn_upright(tf.io.decode_jpeg(content, channels=3, dct_method="INTEGER_ACCURATE"), content),
        lambda: tf.io.decode_image(content, channels=3, expand_animations=False),
    )
    pixels = tf.ensure_shape(pixels, (None, None, 3))
    if channels == 3:
        return tf.cast(pixels, tf.float32)
    weighted = tf.cast(pixels, tf.int32) * tf.constant([19595, 38470, 7471])
    return tf.cast(
        tf.bitwise.right_shift(tf.reduce_sum(weighted, -1, keepdims=True) + 0x8000, 16), tf.float32
    )


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
    scale = (
        tf.maximum(height / rows, width / columns) if resize is None else resize / tf.minimum(rows, columns)
    )
    across = tf.maximum(width, tf.cast(tf.round(columns * scale), tf.int32))
    down = tf.maximum(height, tf.cast(tf.round(rows * scale), tf.int32))
    for shape in ((tf.shape(pixels)[0], across), (down, across)):
        pixels = tf.image.resize(pixels, tf.stack(shape), method="bilinear", antialias=True)
        pixels = tf.floor(tf.clip_by_value(pixels, 0.0, 255.0) + 0.5)
    top, left = (down - height) // 2, (across - width) // 2
    return pixels[top : top + height, left : left + width]
