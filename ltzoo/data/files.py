"""Splits whose images Pillow decodes when they are read, from files or encoded bytes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ltzoo.caller_warnings import warn_caller
from ltzoo.data import arguments
from ltzoo.data.decoded_cache import DecodedCache
from ltzoo.data.image_fit import ImageFit
from ltzoo.data.pixels import SEVERAL_FRAMES
from ltzoo.data.pixels import UnreadableImageError as UnreadableImageError
from ltzoo.data.pixels import decode_image as decode_image
from ltzoo.data.pixels import resize_and_crop as resize_and_crop
from ltzoo.data.reading_threads import in_order
from ltzoo.data.splits import Split, validate_labels, with_groups_of

Reader = Callable[[Image.Image, int], np.ndarray]


class EncodedSplit(Split):
    """Base class of splits that decode images when they are read, several at a time (`ltzoo.data.reading_threads`).

    A subclass implements `open`, `describe` and `subset`. Several threads call `open`.

    Args:
        labels: class indices `[N]`.
        image_size: `(height, width)` of the images that `load` returns.
        channels: 3 (RGB) or 1 (gray).
        resize: length of the shorter side before the center crop; None scales as little as possible.
        fit: "crop", "squash" or "pad"; see `ltzoo.data.image_fit.fit_image`.

    Raises:
        ValueError: `image_size` is not two positive integers, `channels` is not 1 or 3, `resize` is less than a side
            of `image_size`, or `fit` is unknown or does not go with `resize`.
    """

    def __init__(
        self,
        labels: Sequence[int] | np.ndarray,
        image_size: tuple[int, int],
        channels: int = 3,
        resize: int | None = None,
        fit: str = "crop",
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
        self.image_fit = arguments.fit(fit, resize)
        self.fitted = ImageFit(self.image_size, self.image_fit, resize)
        self.image_shape = (*self.image_size, channels)

    def open(self, position: int) -> Image.Image:
        """Return the decoded image at its original size.

        Raises:
            UnreadableImageError: the image cannot be decoded.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement open(position).")

    def decode(self, position: int) -> Image.Image:
        """Return the decoded image at its original size, or smaller where `load` needs no more.

        A subclass may override this with `ltzoo.data.pixels.decode_image(..., fitted=self.fitted)`, which is faster.

        Raises:
            UnreadableImageError: the image cannot be decoded.
        """
        return self.open(position)

    def pixels(self, position: int) -> np.ndarray:
        """Return one image as `load` does, uint8 `[height, width, channels]`."""
        return self.fitted(self.decode(position))

    def check(self, position: int) -> bool:
        """Decode one image, and return whether its file has several frames or pages.

        Raises:
            UnreadableImageError: the image cannot be decoded.
        """
        return bool(self.decode(position).info.get(SEVERAL_FRAMES))

    def describe(self, position: int) -> str:
        """Return a name for the image, such as its path, for error messages."""
        raise NotImplementedError(f"{type(self).__name__} must implement describe(position).")

    def load(self, positions: Sequence[int] | np.ndarray, read: Reader | None = None) -> np.ndarray:
        """Read and decode images.

        Args:
            positions: integer positions in any order; repeats are allowed.
            read: optional function that replaces scaling to `image_size`. It receives the
                decoded `PIL.Image` at its original size and the index in this batch. It returns uint8
                `[height, width, channels]`, with the same shape for every image. Several threads call it.

        Returns:
            uint8 array `[len(positions), height, width, channels]`.

        Raises:
            UnreadableImageError: an image cannot be decoded. The message names it.
        """
        positions = np.asarray(positions, dtype=np.int64)
        if positions.size == 0:
            return np.zeros((0, *self.image_shape), dtype=np.uint8)
        if read is None:
            images = np.empty((len(positions), *self.image_shape), np.uint8)
            for index, pixels in enumerate(in_order(self.pixels, positions.tolist())):
                images[index] = pixels
            return images
        change = read
        return np.stack(
            list(in_order(lambda pair: change(self.open(pair[1]), pair[0]), enumerate(positions.tolist())))
        )


class FileSplit(EncodedSplit):
    """Image files, opened when they are read.

    Args:
        paths: paths of the files, `[N]`.
        labels: class indices `[N]`.
        image_size: `(height, width)` of the images that `load` returns.
        channels: 3 (RGB) or 1 (gray).
        resize: length of the shorter side before the center crop; None scales as little as possible.
        fit: "crop", "squash" or "pad"; see `ltzoo.data.image_fit.fit_image`.

    Attributes:
        cache: a `ltzoo.data.decoded_cache.DecodedCache` that keeps decoded images on disk, or None.

    Raises:
        ValueError: the numbers of paths and labels differ, or another argument is invalid.
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        labels: Sequence[int] | np.ndarray,
        image_size: tuple[int, int],
        channels: int = 3,
        resize: int | None = None,
        fit: str = "crop",
    ):
        super().__init__(labels, image_size, channels, resize, fit)
        self.paths = [os.fspath(path) for path in paths]
        self.cache: DecodedCache | None = None
        if len(self.paths) != len(self.labels):
            raise ValueError(
                "`paths` and `labels` must have the same length. "
                f"Received: {len(self.paths)} paths, {len(self.labels)} labels"
            )

    def open(self, position: int) -> Image.Image:
        """Decode the file at a position, at its original size."""
        return decode_image(self.paths[position], self.channels)

    def decode(self, position: int) -> Image.Image:
        """Decode the file at a position, a large JPEG file at reduced size."""
        return decode_image(self.paths[position], self.channels, fitted=self.fitted)

    def pixels(self, position: int) -> np.ndarray:
        """Return one image as `load` does, from the cache if it is there."""
        found = None if self.cache is None else self.cache.find(self.paths[position])
        if found is not None:
            return found.pixels
        if self.cache is None:
            return super().pixels(position)
        image = self.decode(position)
        return self.cache.add(self.paths[position], image, bool(image.info.get(SEVERAL_FRAMES)))

    def check(self, position: int) -> bool:
        """Decode one file unless it is in the cache; return whether it has several frames or pages."""
        if self.cache is None:
            return super().check(position)
        found = self.cache.find(self.paths[position], pixels=False)
        if found is not None:
            return found.several
        image = self.decode(position)
        several = bool(image.info.get(SEVERAL_FRAMES))
        self.cache.add(self.paths[position], image, several)
        return several

    def describe(self, position: int) -> str:
        """Return the path of the file."""
        return self.paths[position]

    def subset(self, positions: Sequence[int] | np.ndarray) -> FileSplit:
        """Return a split of the files at `positions`, in that order."""
        positions = np.asarray(positions, dtype=np.int64)
        paths = [self.paths[p] for p in positions]
        return with_groups_of(self, positions, self._of(paths, self.labels[positions]))

    def join(self, other: FileSplit) -> FileSplit:
        """Return a split of the files of this one and of another, read as this one reads them.

        Both have groups, or neither has.
        """
        part = self._of(self.paths + other.paths, np.concatenate([self.labels, other.labels]))
        if self.groups is not None and other.groups is not None:
            part.groups = np.concatenate([self.groups, other.groups])
        return part

    def _of(self, paths, labels) -> FileSplit:
        part = FileSplit(paths, labels, self.image_size, self.channels, self.resize, self.fitted.fit)
        part.cache = self.cache
        return part


def use_cache(splits: Iterable[FileSplit]) -> None:
    """Let splits of one image size share a cache of decoded images on disk; without one if it cannot be made."""
    shared: DecodedCache | None = None
    for split in splits:
        try:
            shared = DecodedCache(split.fitted, split.channels) if shared is None else shared
        except OSError as error:
            warn_caller(f"decoded images are not kept, as the cache cannot be used: {error}")
            return
        split.cache = shared
