"""Decode PNG files inside a TensorFlow graph, by the pixel contract."""

from __future__ import annotations

from typing import Any

from ltzoo.data.stored_values import BACKGROUND, DARKEST
from ltzoo.export_formats.exif_orientation import exif_orientation, turn_upright
from ltzoo.export_formats.graph_bytes import big, bytes_at, checked, sensible_size, spells

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNKS = 1 << 14
_LEGACY = b"Raw profile type exif"
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")


def decode(content: Any) -> Any:
    """Return upright pixels int32 `[height, width, 3]` on a white background.

    EXIF data in a text chunk, as older versions of ImageMagick write it, is refused.
    """
    import tensorflow as tf

    head = bytes_at(content, 0, 29)
    depth, kind = head[24], head[25]
    ended, keyed, exif_at, exif_length, legacy = chunks(content)
    content = checked(
        content,
        (spells(head[8:], b"\0\0\0\rIHDR") & ended, "whole PNG files"),
        sensible_size(big(head[16:20]), big(head[20:24])),
        (~legacy, "PNG files without EXIF data in text chunks"),
        (~keyed | (depth < 16) | (kind != 2), "PNG files without a transparent 16-bit color"),
    )
    clear = keyed | (kind == 4) | (kind == 6)

    def read(dtype):
        return tf.cond(
            clear,
            lambda: _on_white(tf.io.decode_png(content, channels=4, dtype=dtype), kind),
            lambda: _upper_bits(tf.io.decode_png(content, channels=3, dtype=dtype), kind),
        )

    pixels = tf.cond(depth == 16, lambda: read(tf.uint16), lambda: read(tf.uint8))
    exif = tf.strings.substr(content, tf.cast(exif_at, tf.int32), tf.cast(exif_length, tf.int32))
    return turn_upright(pixels, exif_orientation(exif))


def chunks(content: Any) -> tuple[Any, Any, Any, Any, Any]:
    """Walk over the chunks of the file.

    Returns:
        Whether it ends as it should, whether it has a tRNS chunk, position and length of its last EXIF block, and
        whether a text chunk holds EXIF data.
    """
    import tensorflow as tf

    size = tf.cast(tf.strings.length(content), tf.int64)
    zero, no = tf.constant(0, tf.int64), tf.constant(False)

    def step(at, ended, keyed, exif_at, exif_length, legacy):
        head = bytes_at(content, at, 8 + len(_LEGACY))
        length, name = big(head[:4]), head[4:]
        exif = spells(name, b"eXIf")
        exif_at, exif_length = tf.where(exif, at + 8, exif_at), tf.where(exif, length, exif_length)
        text = tf.reduce_any(tf.stack([spells(name, kind) for kind in _TEXTS]))
        legacy |= text & spells(head[8:], _LEGACY)
        return (
            at + 12 + length,
            spells(name, b"IEND"),
            keyed | spells(name, b"tRNS"),
            exif_at,
            exif_length,
            legacy,
        )

    start = (zero + len(SIGNATURE), no, no, zero, zero, no)
    found = tf.while_loop(lambda at, ended, *_: ~ended & (at < size), step, start, maximum_iterations=_CHUNKS)
    return found[1:]


def _upper_bits(values: Any, kind: Any) -> Any:
    """Return the upper 8 bits of 16-bit values; 8-bit values as they are. Refuse data that would become black."""
    import tensorflow as tf

    if values.dtype == tf.uint8:
        return tf.cast(values, tf.int32)
    values = tf.cast(values, tf.int32)
    greatest = tf.reduce_max(values[..., :3])
    bright = (greatest >= DARKEST) | ((greatest == 0) & (kind == 0))
    return checked(tf.bitwise.right_shift(values, 8), (bright, f"16-bit values that reach {DARKEST}"))


def _on_white(values: Any, kind: Any) -> Any:
    """Show RGB and alpha on a white background; rounds as Pillow does."""
    import tensorflow as tf

    values = _upper_bits(values, kind)
    alpha = values[..., 3:]
    mixed = values[..., :3] * alpha + tf.constant(BACKGROUND) * (255 - alpha) + 128
    return tf.bitwise.right_shift(tf.bitwise.right_shift(mixed, 8) + mixed, 8)
