"""Splits whose images Pillow decodes when they are read, from files or encoded bytes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ltzoo.data.pixels import UnreadableImageError as UnreadableImageError
from ltzoo.data.pixels import decode_image as decode_image
from ltzoo.data.pixels import resize_and_crop as resize_and_crop
from ltzoo.data.splits import Split, validate_labels, with_groups_of

Reader = Callable[[Image.Image, int], np.ndarray]


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
        part = FileSplit(paths, self.labels[positions], self.image_size, self.channels, self.resize)
        return with_groups_of(self, positions, part)

    def join(self, other: FileSplit) -> FileSplit:
        """Return a split of the files of this one and of another, read as this one reads them.

        Both have groups, or neither has.
        """
        paths, labels = self.paths + other.paths, np.concatenate([self.labels, other.labels])
        part = FileSplit(paths, labels, self.image_size, self.channels, self.resize)
        if self.groups is not None and other.groups is not None:
            part.groups = np.concatenate([self.groups, other.groups])
        return part
