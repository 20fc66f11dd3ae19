"""Rows of a `datasets.Dataset` with encoded images, decoded when they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from ltzoo.data.files import EncodedSplit
from ltzoo.data.image_fit import ImageFit
from ltzoo.data.pixels import UnreadableImageError, decode_image
from ltzoo.data.splits import with_groups_of


class HuggingFaceSplit(EncodedSplit):
    """Rows of a `datasets.Dataset` with encoded images.

    Args:
        rows: the dataset, whose images are not decoded.
        image: name of the column of images.
        labels: class indices `[N]` of the rows at `positions`.
        title: name of dataset and split, for messages.
        positions: numbers of the rows; None for all of them.
        image_size, channels, fit: see `EncodedSplit`.
    """

    def __init__(
        self,
        rows: Any,
        image: str,
        labels: np.ndarray,
        title: str,
        image_size: tuple[int, int],
        channels: int = 3,
        fit: str = "crop",
        positions: np.ndarray | None = None,
    ):
        super().__init__(labels, image_size, channels, fit=fit)
        self.rows, self.image, self.title = rows, image, title
        self.positions = np.arange(len(labels)) if positions is None else positions

    def encoded(self, position: int) -> bytes | str:
        """Return the encoded image of a row, or the path of its file.

        Raises:
            UnreadableImageError: the row has no image.
        """
        value = self.rows[int(self.positions[position])][self.image]
        found = (value or {}).get("bytes") or (value or {}).get("path")
        if not found:
            raise UnreadableImageError(self.describe(position), "the row has no image")
        return found

    def open(self, position: int) -> Image.Image:
        """Decode the image of a row, at its original size."""
        return self._decode(position, None)

    def decode(self, position: int) -> Image.Image:
        """Decode the image of a row, a large JPEG image at reduced size."""
        return self._decode(position, self.fitted)

    def _decode(self, position: int, fitted: ImageFit | None) -> Image.Image:
        return decode_image(self.encoded(position), self.channels, self.describe(position), fitted)

    def describe(self, position: int) -> str:
        """Return the names of dataset and split, and the number of the row."""
        return f"{self.title} row {int(self.positions[position])}"

    def key(self, position: int) -> str:
        """Return a digest of the encoded image of a row, or the path of its file; equal files have equal keys."""
        encoded = self.encoded(position)
        return encoded if isinstance(encoded, str) else hashlib.blake2b(encoded, digest_size=16).hexdigest()

    def subset(self, positions: Sequence[int] | np.ndarray) -> HuggingFaceSplit:
        """Return a split of the rows at `positions`, in that order."""
        chosen = np.asarray(positions, dtype=np.int64)
        part = HuggingFaceSplit(
            self.rows, self.image, self.labels[chosen], self.title, self.image_size, self.channels,
            self.image_fit or "crop", self.positions[chosen],
        )  # fmt: skip
        return with_groups_of(self, chosen, part)
