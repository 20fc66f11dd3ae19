"""Read and undo the EXIF orientation of an image file inside a TensorFlow graph.

TensorFlow's decoders ignore the orientation, and phones store upright photos rotated.
"""

from __future__ import annotations

from typing import Any

from ltzoo.data.image_metadata import MOST_EXIF, ORIENTATION

_SPACE = 16  # Zeros after the end, so that reading a header stays in bounds.


def turn_upright(pixels: Any, orientation: Any) -> Any:
    """Rotate and mirror pixels according to an EXIF orientation.

    Args:
        pixels: the decoded image `[height, width, channels]`.
        orientation: integer scalar, 1 to 8.

    Returns:
        The upright image `[height, width, channels]`.
    """
    import tensorflow as tf

    def when(values, turned, pixels):
        return tf.cond(
            tf.reduce_any(orientation == tf.constant(values)), lambda: turned(pixels), lambda: pixels
        )

    pixels = when([5, 6, 7, 8], lambda image: tf.transpose(image, (1, 0, 2)), pixels)
    pixels = when([2, 3, 6, 7], lambda image: image[:, ::-1], pixels)
    return when([3, 4, 7, 8], lambda image: image[::-1], pixels)


def exif_orientation(exif: Any) -> Any:
    """Return the orientation in a block of EXIF data, an int32 scalar 1 to 8; 1 (upright) without a valid entry.

    The block is a TIFF file: byte order, 42, offset of the first directory, whose entries have 12 bytes.
    `ltzoo.data.image_metadata` has the same rule for Pillow.

    Args:
        exif: the block without "Exif", a scalar string tensor.
    """
    import tensorflow as tf

    block = tf.cast(tf.io.decode_raw(tf.strings.substr(exif, 0, MOST_EXIF), tf.uint8), tf.int32)
    block = tf.concat([block, tf.zeros([_SPACE], tf.int32)], 0)
    is_little = block[0] == ord("I")

    def number(at, size):
        digits = [tf.gather(block, tf.minimum(at + i, tf.shape(block)[0] - 1)) for i in range(size)]
        forward = sum(digit * 256**i for i, digit in enumerate(digits))
        backward = sum(digit * 256**i for i, digit in enumerate(reversed(digits)))
        return tf.where(is_little, forward, backward)

    directory = tf.clip_by_value(number(4, 4), 0, MOST_EXIF)
    entries = directory + 2 + 12 * tf.range(tf.minimum(number(directory, 2), MOST_EXIF // 12))
    entries = tf.boolean_mask(entries, number(entries, 2) == ORIENTATION)
    kinds = number(entries + 2, 2)
    values = tf.where(kinds == 1, number(entries + 8, 1), number(entries + 8, 2))
    values = tf.where(kinds == 4, number(entries + 8, 4), values)
    values = tf.where((kinds == 1) | (kinds == 3) | (kinds == 4), values, 1)
    orientation = tf.concat([values, [1]], 0)[0]
    return tf.where((orientation >= 1) & (orientation <= 8), orientation, 1)
