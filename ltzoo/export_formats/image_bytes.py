"""Encoded images to raw pixels inside a TensorFlow graph, as `ltzoo predict` reads files with Pillow."""

from __future__ import annotations

from typing import Any

from ltzoo.export_formats.exif_orientation import turn_upright


def read_images(contents: Any, image_shape: tuple[int, int, int], resize: int | None = None) -> Any:
    """Decodes PNG, JPEG, GIF (first frame) and BMP files and brings them to one size.

    The steps are those of `ltzoo.data.files`: turn a photo upright by its EXIF orientation (JPEG only), make it RGB
    or gray, scale it so that it just covers the size (or has a shorter side of `resize`), cut out the center.

    Args:
        contents: the files, a string tensor `[batch]`.
        image_shape: (height, width, channels), channels 1 or 3.
        resize: length of the shorter side before the center is cut out; None scales as little as possible.

    Returns:
        float32 `[batch, height, width, channels]`, whole numbers 0..255. A file that is no such image fails the
        whole batch with `InvalidArgumentError`.
    """
    import tensorflow as tf

    height, width, channels = image_shape

    def read(content):
        pixels = resize_and_crop(decode(content, channels), (height, width), resize)
        return tf.ensure_shape(pixels, (height, width, channels))

    return tf.map_fn(read, contents, fn_output_signature=tf.TensorSpec(image_shape, tf.float32))


def decode(content: Any, channels: int) -> Any:
    """One encoded image to upright float32 pixels `[height, width, channels]`, whole numbers 0..255.

    JPEG is decoded with the accurate transform, as Pillow does; gray is Pillow's (ITU-R 601-2).
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
    """Scales so that the image just covers `(height, width)`, or to a shorter side, and cuts out the center.

    Bilinear with antialiasing, across and then down, each result rounded to whole numbers, as Pillow resizes images
    of 8 bits. What is left is the rounding of values halfway between two numbers: by 1 of 255 in one pixel of a
    hundred of most photos, in one of ten where an image is enlarged, and very seldom by 2.
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
