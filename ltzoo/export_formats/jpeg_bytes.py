"""Decode JPEG files inside a TensorFlow graph, by the pixel contract."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ltzoo.data.image_fit import GAP, REDUCTIONS
from ltzoo.data.image_metadata import SIDEWAYS
from ltzoo.export_formats.exif_orientation import exif_orientation, turn_upright
from ltzoo.export_formats.graph_bytes import big, bytes_at, checked, sensible_size, spells

SIGNATURE = b"\xff\xd8\xff"
_SEGMENTS = 4096
_WITHOUT_LENGTH = (0x01, *range(0xD0, 0xD9))
_FRAMES = tuple(marker for marker in range(0xC0, 0xD0) if marker not in (0xC4, 0xC8, 0xCC))


def decode(content: Any, scale: Callable[[Any, Any], Any] | None = None) -> Any:
    """Return upright pixels int32 `[height, width, 3]`. As in Pillow, the accurate transform is used.

    CMYK files without the mark of Adobe are refused, because the decoders disagree on what is white in them.

    Args:
        content: the file, a scalar string.
        scale: function from rows and columns (float64, upright) to the factor by which the image will be scaled. By the
            rule of `ltzoo.data.image_fit.ImageFit.reduction`, a large image is decoded at reduced size. None decodes at
            the original size.
    """
    import tensorflow as tf

    size, exif_at, exif_length, adobe = header(content)
    content = checked(
        content,
        (size[0] == 8, "JPEG files with a header and 8 bits per value"),
        sensible_size(size[2], size[1]),
        ((size[3] != 4) | adobe, "CMYK files with the mark of Adobe"),
    )
    exif = tf.strings.substr(content, tf.cast(exif_at, tf.int32), tf.cast(exif_length, tf.int32))
    orientation = exif_orientation(exif)

    def at(ratio):
        return tf.io.decode_jpeg(content, channels=3, ratio=ratio, dct_method="INTEGER_ACCURATE")

    if scale is None:
        pixels = at(1)
    else:
        sides = tf.cast(size[1:3], tf.float64)
        rows, columns = tf.unstack(tf.where(orientation >= min(SIDEWAYS), sides[::-1], sides))
        fits = [GAP * divisor * scale(rows, columns) <= 1 for divisor in REDUCTIONS]
        cases = [
            (holds, functools.partial(at, divisor)) for holds, divisor in zip(fits, REDUCTIONS, strict=True)
        ]
        pixels = tf.case(cases, default=functools.partial(at, 1))
    return turn_upright(tf.cast(pixels, tf.int32), orientation)


def header(content: Any) -> tuple[Any, Any, Any, Any]:
    """Walk over the segments before the compressed pixels.

    Returns:
        (bits per value, height, width, components) int64 `[4]`, position and length of the first EXIF block without
        its name, and whether there is a mark of Adobe. What is missing is 0.
    """
    import tensorflow as tf

    zero, no = tf.constant(0, tf.int64), tf.constant(False)

    def step(at, going, size, exif_at, exif_length, adobe):
        head = bytes_at(content, at, 16)
        marker, length = head[1], big(head[2:4])
        padding = marker == 0xFF
        short = tf.reduce_any(marker == tf.constant(_WITHOUT_LENGTH, tf.int64))
        going = (head[0] == 0xFF) & (marker != 0xDA) & (marker != 0xD9)
        frame = going & tf.reduce_any(marker == tf.constant(_FRAMES, tf.int64))
        size = tf.where(frame, tf.stack([head[4], big(head[5:7]), big(head[7:9]), head[9]]), size)
        exif = going & (marker == 0xE1) & spells(head[4:], b"Exif\0\0") & (exif_at == 0)
        exif_at, exif_length = tf.where(exif, at + 10, exif_at), tf.where(exif, length - 8, exif_length)
        adobe |= going & (marker == 0xEE) & spells(head[4:], b"Adobe")
        onward = tf.where(padding, zero + 1, tf.where(short, zero + 2, length + 2))
        return at + onward, going, size, exif_at, exif_length, adobe

    start = (zero + 2, tf.constant(True), tf.zeros([4], tf.int64), zero, zero, no)
    found = tf.while_loop(lambda at, going, *_: going, step, start, maximum_iterations=_SEGMENTS)
    return found[2:]
