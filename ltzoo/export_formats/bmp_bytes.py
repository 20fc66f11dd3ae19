"""Decode BMP files inside a TensorFlow graph, by the pixel contract."""

from __future__ import annotations

from typing import Any

from ltzoo.export_formats.graph_bytes import bytes_at, checked, little, sensible_size

SIGNATURE = b"BM"
_HEADERS = (40, 52, 56, 64, 108, 124)


def decode(content: Any) -> Any:
    """Return pixels int32 `[height, width, 3]`. TensorFlow reads the colors of uncompressed 24-bit files alone."""
    import tensorflow as tf

    head = bytes_at(content, 0, 34)
    height = little(head[22:26])
    height = tf.where(height >= 1 << 31, (1 << 32) - height, height)
    known = tf.reduce_any(little(head[14:18]) == tf.constant(_HEADERS, tf.int64))
    plain = known & (little(head[28:30]) == 24) & (little(head[30:34]) == 0)
    content = checked(
        content,
        (plain, "BMP files of 24 bits per pixel without compression; convert others to PNG"),
        sensible_size(little(head[18:22]), height),
    )
    return tf.cast(tf.io.decode_bmp(content, channels=3), tf.int32)
