"""Decode the first frame of GIF files inside a TensorFlow graph, by the pixel contract."""

from __future__ import annotations

from typing import Any

from ltzoo.export_formats.graph_bytes import bytes_at, checked, little, sensible_size

SIGNATURE = b"GIF8"
_BLOCKS = 1 << 15


def decode(content: Any) -> Any:
    """Return pixels int32 `[height, width, 3]`.

    TensorFlow's decoder would read all frames, so it only gets the first. Transparent frames, and first frames that
    do not fill the image, are refused.
    """
    import tensorflow as tf

    head = bytes_at(content, 0, 13)
    ended, clear, frame, end = first_frame(content, 13 + _table(head[10]))
    width, height = little(head[6:8]), little(head[8:10])
    content = checked(
        content,
        ((head[4] == ord("7")) | (head[4] == ord("9")), "GIF files of version 87a or 89a"),
        (ended, "whole GIF files"),
        sensible_size(width, height),
        (~clear, "GIF files without transparency; convert them to PNG"),
        (
            tf.reduce_all(frame == tf.stack([0, 0, width, height])),
            "GIF files whose first frame fills the image",
        ),
    )
    frame = tf.strings.join([tf.strings.substr(content, 0, tf.cast(end, tf.int32)), b";"])
    return tf.cast(tf.io.decode_gif(frame)[0], tf.int32)


def first_frame(content: Any, start: Any) -> tuple[Any, Any, Any, Any]:
    """Walk over the blocks of the file to the end of its first frame.

    Args:
        content: the file.
        start: position of the first block.

    Returns:
        Whether the frame ends, whether it has a transparent color, its left, top, width and height int64 `[4]`, and
        the position behind it.
    """
    import tensorflow as tf

    size = tf.cast(tf.strings.length(content), tf.int64)

    def step(at, ended, inside, is_frame, clear, frame):
        head = bytes_at(content, at, 11)
        extension, image = ~inside & (head[0] == 0x21), ~inside & (head[0] == 0x2C)
        clear |= extension & (head[1] == 0xF9) & (head[3] % 2 == 1)
        box = tf.stack([little(head[n : n + 2]) for n in (1, 3, 5, 7)])
        frame, is_frame = tf.where(image, box, frame), is_frame | image
        # A block is followed by parts of a stated length, the last of which is empty.
        last = inside & (head[0] == 0)
        onward = tf.where(inside, 1 + head[0], tf.where(image, 11 + _table(head[9]), 2 * tf.ones_like(at)))
        known = inside | extension | image
        return tf.where(known, at + onward, size), last & is_frame, known & ~last, is_frame, clear, frame

    no = tf.constant(False)
    begin = (start, no, no, no, no, tf.zeros([4], tf.int64))
    at, ended, _, _, clear, frame = tf.while_loop(
        lambda at, ended, *_: ~ended & (at < size), step, begin, maximum_iterations=_BLOCKS
    )
    return ended, clear, frame, at


def _table(flags: Any) -> Any:
    """Return the bytes of the color table that the flags of a header announce."""
    import tensorflow as tf

    return tf.where(flags >= 128, 3 * tf.bitwise.left_shift(2 * tf.ones_like(flags), flags % 8), 0)
