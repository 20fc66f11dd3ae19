"""Read and undo the EXIF orientation of a JPEG file inside a TensorFlow graph.

TensorFlow's decoder ignores the orientation, and phones store upright photos rotated.
"""

from __future__ import annotations

from typing import Any

_HEAD = 1 << 16  # The first segment of a file holds EXIF data and is shorter than this.
_MARK = b"Exif\0\0"
_SPACE = len(_MARK) + 16  # Zeros after the end, so that reading a header stays in bounds.
_ORIENTATION = 0x0112


def turn_upright(pixels: Any, content: Any) -> Any:
    """Rotate and mirror the pixels of a JPEG file according to its EXIF orientation.

    Args:
        pixels: the decoded image `[height, width, channels]`.
        content: the file, a scalar string tensor.

    Returns:
        The upright image `[height, width, channels]`.
    """
    import tensorflow as tf

    orientation = exif_orientation(content)

    def when(values, turned, pixels):
        return tf.cond(
            tf.reduce_any(orientation == tf.constant(values)), lambda: turned(pixels), lambda: pixels
        )

    pixels = when([5, 6, 7, 8], lambda image: tf.transpose(image, (1, 0, 2)), pixels)
    pixels = when([2, 3, 6, 7], lambda image: image[:, ::-1], pixels)
    return when([3, 4, 7, 8], lambda image: image[::-1], pixels)


def exif_orientation(content: Any) -> Any:
    """Return the orientation of a JPEG file, an int32 scalar 1 to 8; 1 (upright) without a valid entry."""
    import tensorflow as tf

    head = tf.cast(tf.io.decode_raw(tf.strings.substr(content, 0, _HEAD), tf.uint8), tf.int32)
    head = tf.concat([head, tf.zeros([_SPACE], tf.int32)], 0)
    places = tf.shape(head)[0] - len(_MARK) + 1
    marks = tf.stack([head[i : i + places] == byte for i, byte in enumerate(_MARK)])
    found = tf.reduce_all(marks, axis=0)
    # The rest is a TIFF file: byte order, 42, offset of the first directory, whose entries have 12 bytes.
    tiff = head[tf.cast(tf.argmax(found), tf.int32) + len(_MARK) :]
    little = tiff[:1] == ord("I")

    def number(at, size):
        digits = [tf.gather(tiff, tf.minimum(at + i, tf.shape(tiff)[0] - 1)) for i in range(size)]
        forward = sum(digit * 256**i for i, digit in enumerate(digits))
        backward = sum(digit * 256**i for i, digit in enumerate(reversed(digits)))
        return tf.where(little[0], forward, backward)

    directory = tf.clip_by_value(number(4, 4), 0, _HEAD)
    entries = directory + 2 + 12 * tf.range(tf.minimum(number(directory, 2), _HEAD // 12))
    values = tf.boolean_mask(number(entries + 8, 2), number(entries, 2) == _ORIENTATION)
    orientation = tf.concat([values, [1]], 0)[0]
    sensible = tf.reduce_any(found) & (orientation >= 1) & (orientation <= 8)
    return tf.where(sensible, orientation, 1)
