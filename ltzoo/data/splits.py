"""Splits: labeled lists of images that are read by position, as raw uint8 pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from PIL import Image

from ltzoo.contracts.image_arrays import image_array
from ltzoo.contracts.labels import check_labels, check_same_length

AnySplit = TypeVar("AnySplit", bound="Split")


def validate_labels(labels: Sequence[int] | np.ndarray, argument: str = "labels") -> np.ndarray:
    """Return integer labels `[N]` or `[N, 1]` as int64 `[N]`; see `ltzoo.contracts.labels.check_labels`.

    Args:
        labels: class indices of at least 0.
        argument: name of the argument for error messages.

    Raises:
        ValueError: the labels have another shape, are not integers, or one is negative.
    """
    return check_labels(labels, argument=argument)


def with_groups_of(split: Split, positions: np.ndarray, part: AnySplit) -> AnySplit:
    """Return `part`, a new split of the images of `split` at `positions`, after giving it their groups."""
    if split.groups is not None:
        part.groups = split.groups[positions]
    return part


class Split:
    """Base class of all splits: labels in memory, images by position.

    A subclass sets `image_shape` and implements `load` and `subset`.

    Attributes:
        labels: int64 `[N]`, class index of each image. Treat this array as read-only.
        image_shape: `(height, width, channels)` of every image that `load` returns.
        image_fit: how images of any shape became `image_shape`: "crop", "squash" or "pad"; None if they had that shape.
        groups: int64 `[N]`, the group of each image (an animal, a patient, a camera), or None. Images of one group
            are never both trained on and tested. A number means the same group in every split of a dataset.
        class_names: names of the classes in label order, once the split belongs to a `LongTailedDataset`.
    """

    labels: np.ndarray
    image_shape: tuple[int, int, int]
    image_fit: str | None = None
    groups: np.ndarray | None = None
    class_names: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def load(self, positions: Sequence[int] | np.ndarray) -> np.ndarray:
        """Read images.

        A subclass may also take `read`, a function that ImageNet crops need. It receives the `PIL.Image` at
        its original size and the index in this batch, and returns uint8 `[height, width, channels]`.

        Args:
            positions: integer positions in `0 .. len(split) - 1`, in any order; repeats are allowed.

        Returns:
            uint8 array `[len(positions), height, width, channels]`, values 0 to 255.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement load(positions).")

    def subset(self, positions: Sequence[int] | np.ndarray) -> Split:
        """Return a split of the same kind with the images at `positions`, in that order."""
        raise NotImplementedError(f"{type(self).__name__} must implement subset(positions).")

    def in_memory(self) -> ArraySplit:
        """Read every image once and return an `ArraySplit`."""
        positions = np.arange(len(self))
        return with_groups_of(self, positions, ArraySplit(self.load(positions), self.labels))

    def __repr__(self) -> str:
        height, width, channels = self.image_shape
        return f"<{type(self).__name__}: {len(self)} images of {height} x {width} x {channels}>"


class ArraySplit(Split):
    """Images in memory.

    Args:
        images: integers 0 to 255, `[N, height, width, channels]` or `[N, height, width]` (one channel).
            uint8 arrays are kept without a copy.
        labels: class indices `[N]`.

    Raises:
        ValueError: the images do not have 3 or 4 axes, their values are not integers 0..255, or the numbers
            of images and labels differ.
    """

    def __init__(self, images: np.ndarray, labels: Sequence[int] | np.ndarray):
        self.images = images = image_array(images, empty=True)
        self.labels = validate_labels(labels)
        check_same_length(images, self.labels, "images", "labels")
        self.image_shape = (int(images.shape[1]), int(images.shape[2]), int(images.shape[3]))

    def load(
        self,
        positions: Sequence[int] | np.ndarray,
        read: Callable[[Image.Image, int], np.ndarray] | None = None,
    ) -> np.ndarray:
        """Return the images at `positions`, each changed by `read` where given."""
        images = self.images[np.asarray(positions, dtype=np.int64)]
        if read is None or not len(images):
            return images
        gray = images.shape[-1] == 1
        pictures = (Image.fromarray(image[..., 0] if gray else image) for image in images)
        return np.stack([read(picture, index) for index, picture in enumerate(pictures)])

    def subset(self, positions: Sequence[int] | np.ndarray) -> ArraySplit:
        """Return a split of the images at `positions`, in that order."""
        positions = np.asarray(positions, dtype=np.int64)
        return with_groups_of(self, positions, ArraySplit(self.images[positions], self.labels[positions]))

    def in_memory(self) -> ArraySplit:
        """Return this split, which is in memory already."""
        return self
