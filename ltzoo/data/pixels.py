"""The pixel contract: the one place that decides how bytes or a file become pixels, and which are refused.

Training, `evaluate`, `predict` and the MLServer example decode here. The SavedModel's graph follows the same rules or
refuses (`ltzoo.export_formats.image_bytes`). `docs/pixels.md` lists the rules, and what each entrance does.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from ltzoo.data.image_fit import FITS as FITS
from ltzoo.data.image_fit import LONGEST as LONGEST
from ltzoo.data.image_fit import ImageFit as ImageFit
from ltzoo.data.image_fit import fit_image as fit_image
from ltzoo.data.image_fit import resize_and_crop as resize_and_crop
from ltzoo.data.image_formats import OTHER_IMAGE_SUFFIXES as OTHER_IMAGE_SUFFIXES
from ltzoo.data.image_formats import READABLE_SUFFIXES as READABLE_SUFFIXES
from ltzoo.data.image_formats import begins_as_image, formats_for, why_unknown
from ltzoo.data.image_metadata import load_upright, upright_size, without_metadata
from ltzoo.data.stored_values import BACKGROUND as BACKGROUND
from ltzoo.data.stored_values import eight_bits, stored

MAX_PIXELS = 178_956_970
"""Most pixels of an image that is read: where Pillow refuses too (512 MiB of RGB)."""

MAX_SIDE = 65_535
"""Longest side of an image that is read, in pixels."""

SEVERAL_FRAMES = "several_frames"
"""Key in the `info` of an image whose file has more frames or pages than the first one, which was read."""

_TOO_LARGE = f"images may have {MAX_PIXELS:,} pixels and sides of {MAX_SIDE:,} at most; shrink it."
_HEAD_BYTES = 32
_REDUCED = ("JPEG", "MPO")
_BYTES = (bytes, bytearray, memoryview)


class UnreadableImageError(OSError):
    """An image that is missing, truncated, not an image, or that the pixel contract refuses.

    Attributes:
        path: name of the file, or of the record for images that are not files.
        reason: the cause, in one line.
    """

    def __init__(self, path: str, reason: str):
        super().__init__(f"cannot read image {path}: {reason}")
        self.path = path
        self.reason = reason

    def __reduce__(self):
        return type(self), (self.path, self.reason)


def read_image(
    source: str | Path | bytes, fitted: ImageFit, channels: int = 3, name: str | None = None
) -> np.ndarray:
    """Return what a network sees of an image file: decoded, upright, and scaled to one size.

    Large JPEG files are decoded at reduced size; see `decode_image`.

    Args:
        source: path of a regular file, or the encoded bytes.
        fitted: the size, and how images of any shape take it.
        channels: 3 gives RGB, 1 gray.
        name: name for the error message; by default the path.

    Returns:
        uint8 `[height, width, channels]`.

    Raises:
        UnreadableImageError: as for `decode_image`.
    """
    return fitted(decode_image(source, channels, name, fitted))


def decode_image(
    source: str | Path | bytes, channels: int = 3, name: str | None = None, fitted: ImageFit | None = None
) -> Image.Image:
    """Decode a whole image to RGB or gray and turn it upright by its EXIF orientation.

    Transparent images are shown on white. Of 16-bit values the upper 8 bits are used. Of several frames or pages the
    first is read; then `image.info["several_frames"]` is True. Color profiles and gamma are not applied.

    Args:
        source: path of a regular file, or the encoded bytes.
        channels: 3 gives an RGB image, 1 a gray one.
        name: name for the error message; by default the path.
        fitted: how the image will be scaled. A JPEG file of at least four times that size is decoded at a half, a
            quarter or an eighth of its own size, never at less than twice the size it is scaled to. None decodes at the
            original size.

    Returns:
        A loaded `PIL.Image.Image` of mode "RGB" or "L".

    Raises:
        UnreadableImageError: the file is missing or not a regular file, its data is truncated or not a known format,
            it has more than `MAX_PIXELS` pixels or a side over `MAX_SIDE`, or its values have no known range: floats,
            32-bit integers, and 16-bit files whose values all lie below 4096.
    """
    try:
        return _decode(source, channels, fitted)
    except MemoryError:
        raise
    # Pillow's decoders raise many types for damaged data, from OSError to SyntaxError and struct.error.
    except Exception as error:
        name = name or ("<bytes>" if isinstance(source, _BYTES) else str(source))
        reason = "no such file" if isinstance(error, FileNotFoundError) else str(error).split("\n")[0]
        raise UnreadableImageError(name, reason or type(error).__name__) from error


def look_at(path: str) -> None:
    """Look at the first bytes of a file, without decoding it.

    Raises:
        UnreadableImageError: the file is missing, empty or not a regular file, or begins as no image does.
    """
    try:
        with _opened(path) as file:
            head = file.read(_HEAD_BYTES)
    except (OSError, ValueError) as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else str(error)
        raise UnreadableImageError(path, reason) from error
    if not head:
        raise UnreadableImageError(path, "the file is empty")
    if Path(path).suffix.lower() != ".tga" and not begins_as_image(head):
        with contextlib.suppress(UnreadableImageError):
            decode_image(path)  # Rare kinds have no mark.
            return
        raise UnreadableImageError(path, why_unknown(head))


def _decode(source, channels, fitted):
    suffix = "" if isinstance(source, _BYTES) else Path(source).suffix.lower()
    with _opened(source) as file:
        try:
            return _read(file, suffix, channels, fitted)
        except (MemoryError, _RefusedError):
            raise
        except Exception:
            file.seek(0)
            content = file.read()
            pixels = without_metadata(content)
            if pixels == content:
                raise
            return _read(io.BytesIO(pixels), suffix, channels, fitted)


class _RefusedError(ValueError):
    pass


def _opened(source) -> BinaryIO:
    """Open bytes or a regular file. Pipes and devices are refused at once, without waiting for a writer."""
    if isinstance(source, _BYTES):
        return io.BytesIO(source)

    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(source, flags)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise _RefusedError("not a regular file") from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _RefusedError("not a regular file")
    return os.fdopen(descriptor, "rb")


def _read(file, suffix, channels, fitted):
    try:
        opened = Image.open(file, formats=formats_for(file, suffix))
    except Image.DecompressionBombError as error:
        raise _RefusedError(f"{_TOO_LARGE} Received: {error}") from error
    except UnidentifiedImageError:
        file.seek(0)
        raise ValueError(why_unknown(file.read(32))) from None
    with opened:
        _check_size(opened.size)
        header = stored(opened)
        if fitted is not None and opened.format in _REDUCED:
            divisor = fitted.reduction(*upright_size(opened))
            if divisor > 1:
                opened.draft(None, (opened.width // divisor, opened.height // divisor))
        upright = load_upright(opened)
        _check_size(upright.size)
        try:
            image = eight_bits(upright, header, channels)
        except ValueError as error:
            raise _RefusedError(str(error)) from error
        image.info = {SEVERAL_FRAMES: True} if _has_more_frames(opened) else {}
    return image


def _check_size(size):
    width, height = size
    if max(size) > MAX_SIDE or width * height > MAX_PIXELS:
        raise _RefusedError(f"{_TOO_LARGE} Received: {width} x {height} pixels")
    if min(size) < 1:
        raise _RefusedError(f"images must have pixels. Received: {width} x {height} pixels")


def _has_more_frames(opened):
    # A JPEG file of the kind MPO adds previews or a second view of the same photograph.
    try:
        return opened.format != "MPO" and bool(getattr(opened, "is_animated", False))
    except Exception:  # The first frame is sound; what follows is not read.
        return True
