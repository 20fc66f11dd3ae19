"""Several splits as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from ltzoo.data.files import EncodedSplit, FileSplit
from ltzoo.data.splits import Split, with_groups_of


def join(first: Split, second: Split) -> Split:
    """Return one split of the images of two, whose images have the same shape.

    Raises:
        ValueError: shapes differ, or only one of them has groups.
    """
    joined = JoinedSplit([first, second])
    if type(first) is FileSplit and type(second) is FileSplit and first.fitted == second.fitted:
        return first.join(second)
    return joined


class JoinedSplit(EncodedSplit):
    """The images of several splits, one after another.

    Args:
        splits: one or more splits whose images have the same shape. If one has groups, all must have them.

    Raises:
        ValueError: there is no split, shapes differ, or only some of the splits have groups.
    """

    def __init__(self, splits: Sequence[Split]):
        self.splits = list(splits)
        shapes = {tuple(split.image_shape) for split in self.splits}
        if len(shapes) != 1:
            raise ValueError(
                f"`splits` must be one or more splits of equal image shape. Received: shapes {sorted(shapes)}"
            )
        height, width, channels = shapes.pop()
        labels = np.concatenate([split.labels for split in self.splits])
        resize = getattr(self.splits[0], "resize", None)
        fit = getattr(self.splits[0], "image_fit", None) or "crop"
        super().__init__(labels, (height, width), channels, resize, fit)
        groups = [split.groups for split in self.splits]
        if any(entry is not None for entry in groups):
            present = [entry for entry in groups if entry is not None]
            if len(present) != len(groups):
                raise ValueError("`splits` must all have groups, or none. Received: groups in some of them")
            self.groups = np.concatenate(present)
        self._ends = np.cumsum([len(split) for split in self.splits])

    def place(self, position: int) -> tuple[Split, int]:
        """Return the split that an image is from, and its position there."""
        part = int(np.searchsorted(self._ends, position, side="right"))
        split = self.splits[part]
        return split, int(position) - int(self._ends[part]) + len(split)

    def open(self, position: int) -> Image.Image:
        """Return the image at its original size; of splits that are no files, at the size that they have."""
        split, own = self.place(position)
        if isinstance(split, EncodedSplit):
            return split.open(own)
        pixels = split.load([own])[0]
        return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)

    def describe(self, position: int) -> str:
        """Return the name that the image has in its split."""
        split, own = self.place(position)
        return split.describe(own) if isinstance(split, EncodedSplit) else f"image {own}"

    def load(
        self,
        positions: Sequence[int] | np.ndarray,
        read: Callable[[Image.Image, int], np.ndarray] | None = None,
    ) -> np.ndarray:
        """Read images as their splits do."""
        if read is not None:
            return super().load(positions, read)
        positions = np.asarray(positions, np.int64)
        images = np.empty((len(positions), *self.image_shape), np.uint8)
        part = np.searchsorted(self._ends, positions, side="right")
        for number in np.unique(part):
            split, chosen = self.splits[number], part == number
            images[chosen] = split.load(positions[chosen] - int(self._ends[number]) + len(split))
        return images

    def subset(self, positions: Sequence[int] | np.ndarray) -> SelectedSplit:
        """Return a split of the images at `positions`, in that order."""
        return SelectedSplit(self, positions)


class SelectedSplit(EncodedSplit):
    """Some images of another split.

    Args:
        split: a split that decodes its images.
        positions: positions in it, `[N]`.
    """

    def __init__(self, split: EncodedSplit, positions: Sequence[int] | np.ndarray):
        self.split, self.positions = split, np.asarray(positions, np.int64)
        labels = split.labels[self.positions]
        super().__init__(labels, split.image_size, split.channels, split.resize, split.fitted.fit)
        with_groups_of(split, self.positions, self)

    def open(self, position: int) -> Image.Image:
        """Return the image at its original size."""
        return self.split.open(int(self.positions[position]))

    def describe(self, position: int) -> str:
        """Return the name that the image has in the other split."""
        return self.split.describe(int(self.positions[position]))

    def load(
        self,
        positions: Sequence[int] | np.ndarray,
        read: Callable[[Image.Image, int], np.ndarray] | None = None,
    ) -> np.ndarray:
        """Read images as the other split does."""
        return self.split.load(self.positions[np.asarray(positions, np.int64)], read)

    def subset(self, positions: Sequence[int] | np.ndarray) -> SelectedSplit:
        """Return a split of the images at `positions`, in that order."""
        return SelectedSplit(self.split, self.positions[np.asarray(positions, np.int64)])
