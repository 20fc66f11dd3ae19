"""Splits whose images Pillow decodes when they are read, from files or encoded bytes."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ltzoo.data.splits import Split, validate_labels

Reader = Callable[[Image.Image, int], np.ndarray]


class UnreadableImageError(OSError):
    """An image that is missing, truncated or not an image.

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


def decode_image(source: str | Path | bytes, channels: int = 3, name: str | None = None) -> Image.Image:
    """Decode a whole image to RGB or gray and turn it upright by its EXIF orientation.

    16-bit images are reduced to 8 bits by dropping the lower byte; transparency is dropped.

    Args:
        source: path of a file, or the encoded bytes.
        channels: 3 gives an RGB image, 1 a gray one.
        name: name for the error message; by default the path.

    Returns:
        A loaded `PIL.Image.Image` of mode "RGB" or "L".

    Raises:
        UnreadableImageError: the file is missing, or its data is truncated or not a known format.
    """
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as opened:
            opened.load()
            image = ImageOps.exif_transpose(opened)
            if image.mode.startswith("I"):
                image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
            elif image.mode == "P":
                image = image.convert("RGBA")
            return image.convert("RGB" if channels == 3 else "L")
    except MemoryError:
        raise
    # Pillow's decoders raise many types for damaged data, from OSError to SyntaxError and struct.error.
    except Exception as error:
        name = name or ("<bytes>" if isinstance(source, bytes) else str(source))
        if isinstance(error, FileNotFoundError):
            reason = "no such file"
        elif isinstance(error, UnidentifiedImageError):
            reason = "not an image, or of an unknown format"
        else:
            reason = str(error) or type(error).__name__
        raise UnreadableImageError(name, reason) from error


def resize_and_crop(image: Image.Image, image_size: tuple[int, int], resize: int | None = None) -> np.ndarray:
    """Scale an image until it just covers `image_size`, then crop the center.

    Scaling is bilinear with antialiasing. An image that already has the scaled size is left untouched.

    Args:
        image: decoded image of mode "RGB" or "L".
        image_size: `(height, width)` of the result.
        resize: length of the scaled shorter side; None scales as little as possible. The published
            evaluation on ImageNet resizes to 256 and crops 224.

    Returns:
        uint8 `[height, width, channels]`.
    """
    height, width = image_size
    if resize is None:
        scale = max(height / image.height, width / image.width)
    else:
        scale = resize / min(image.height, image.width)
    scaled = (max(width, round(image.width * scale)), max(height, round(image.height * scale)))
    if scaled != image.size:
        image = image.resize(scaled, Image.Resampling.BILINEAR)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    pixels = np.asarray(image.crop((left, top, left + width, top + height)), dtype=np.uint8)
    return pixels if pixels.ndim == 3 else pixels[..., np.newaxis]


class EncodedSplit(Split):
    """Base class of splits that decode images when they are read.

    A subclass implements `open`, `describe` and `subset`.

    Args:
        labels: class indices `[N]`.
        image_size: `(height, width)` of the images that `load` returns.
        channels: 3 (RGB) or 1 (gray).
        resize: length of the shorter side before the center crop; None scales as little as possible.

    Raises:
        ValueError: `image_size` is not two positive integers, `channels` is not 1 or 3, or `resize` is less
            than a side of `image_size`.
    """

    def __init__(
        self,
        labels: Sequence[int] | np.ndarray,
        image_size: tuple[int, int],
        channels: int = 3,
        resize: int | None = None,
    ):
        size = tuple(image_size) if isinstance(image_size, (tuple, list)) else ()
        if len(size) != 2 or not all(isinstance(n, (int, np.integer)) and n > 0 for n in size):
            raise ValueError(
                "`image_size` must be (height, width), two positive integers. "
                f"Received: image_size={image_size!r}"
            )
        if channels not in (1, 3):
            raise ValueError(f"`channels` must be 3 (RGB) or 1 (gray). Received: channels={channels!r}")
        if resize is not None and resize < max(size):
            raise ValueError(
                f"`resize` must be at least {max(size)}, the larger side of `image_size`. "
                f"Received: resize={resize!r}"
            )
        self.labels = validate_labels(labels)
        self.resize = resize
        self.image_size = (int(size[0]), int(size[1]))
        self.channels = channels
        self.image_shape = (*self.image_size, channels)

    def open(self, position: int) -> Image.Image:
        """Return the decoded image at its original size.

        Raises:
            UnreadableImageError: the image cannot be decoded.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement open(position).")

    def describe(self, position: int) -> str:
        """Return a name for the image, such as its path, for error messages."""
        raise NotImplementedError(f"{type(self).__name__} must implement describe(position).")

    def load(self, positions: Sequence[int] | np.ndarray, read: Reader | None = None) -> np.ndarray:
        """Read and decode images.

        Args:
            positions: integer positions in any order; repeats are allowed.
            read: optional function that replaces resizing and cropping to `image_size`. It receives the
                decoded `PIL.Image` at its original size and the index in this batch. It returns uint8
                `[height, width, channels]`, with the same shape for every image.

        Returns:
            uint8 array `[len(positions), height, width, channels]`.

        Raises:
            UnreadableImageError: an image cannot be decoded. The message names it.
        """
        positions = np.asarray(positions, dtype=np.int64)
        if positions.size == 0:
            return np.zeros((0, *self.image_shape), dtype=np.uint8)
        if read is None:
            images = (self.open(int(position)) for position in positions)
            return np.stack([resize_and_crop(image, self.image_size, self.resize) for image in images])
        return np.stack([read(self.open(int(p)), index) for index, p in enumerate(positions)])


class FileSplit(EncodedSplit):
    """Image files, opened when they are read.

    Args:
        paths: paths of the files, `[N]`.
        labels: class indices `[N]`.
        image_size: `(height, width)` of the images that `load` returns.
        channels: 3 (RGB) or 1 (gray).
        resize: length of the shorter side before the center crop; None scales as little as possible.

    Raises:
        ValueError: the numbers of paths and labels differ, or the size or number of channels is invalid.
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        labels: Sequence[int] | np.ndarray,
        image_size: tuple[int, int],
        channels: int = 3,
        resize: int | None = None,
    ):
        super().__init__(labels, image_size, channels, resize)
        self.paths = [os.fspath(path) for path in paths]
        if len(self.paths) != len(self.labels):
            raise ValueError(
                "`paths` and `labels` must have the same length. "
                f"Received: {len(self.paths)} paths, {len(self.labels)} labels"
            )

    def open(self, position: int) -> Image.Image:
        """Decode the file at a position, at its original size."""
        return decode_image(self.paths[position], self.channels)

    def describe(self, position: int) -> str:
        """Return the path of the file."""
        return self.paths[position]

    def subset(self, positions: Sequence[int] | np.ndarray) -> FileSplit:
        """Return a split of the files at `positions`, in that order."""
        positions = np.asarray(positions, dtype=np.int64)
        paths = [self.paths[p] for p in positions]
        return FileSplit(paths, self.labels[positions], self.image_size, self.channels, self.resize)
