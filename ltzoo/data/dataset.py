"""A long-tailed dataset: training, validation and test splits with class names and counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ltzoo.class_counts import ClassCounts
from ltzoo.contracts.labels import check_labels, count_classes
from ltzoo.data import arguments
from ltzoo.data.splits import Split


class LongTailedDataset:
    """Splits of one classification task, checked for consistency.

    Args:
        name: name for tables and cards.
        train: training split; every class must have at least one image in it.
        val: validation split, or None.
        test: test split, or None.
        class_names: one name per class, in label order. None numbers the classes 0 .. largest training label.
        partial: whether classes may be without images, in data that are measured and never trained on.

    Attributes:
        name, train, val, test: as given.
        class_names: tuple of str.
        class_counts: int64 `[num_classes]`, training images per class.

    Raises:
        TypeError: a split or a name is of a wrong type.
        ValueError: there are fewer than two classes, a label is outside `0 .. num_classes - 1`, a class has no
            training image, class names repeat, or the image shapes of the splits differ. The message names the label
            or class.
    """

    def __init__(
        self,
        name: str,
        train: Split,
        val: Split | None = None,
        test: Split | None = None,
        class_names: Sequence[str] | None = None,
        partial: bool = False,
    ):
        self.name = arguments.text(name, "name")
        self.train, self.val, self.test = train, val, test
        for split_name, split in (("train", train), *self.splits().items()):
            _check_split(split_name, split)
        if len(train) == 0:
            raise ValueError(f"`train` must hold at least one image. Received: an empty split for {name!r}")
        if class_names is None:
            labels = check_labels(train.labels, argument="train.labels")
            class_names = [str(index) for index in range(count_classes(labels, "train.labels"))]
        self.class_names = tuple(arguments.class_names(class_names))
        for split_name, split in self.splits().items():
            split.class_names = self.class_names
            check_labels(split.labels, self.num_classes, f"{split_name}.labels")
            if tuple(split.image_shape) != tuple(train.image_shape):
                raise ValueError(
                    f"`{split_name}` images must have the shape of the training images, "
                    f"{tuple(train.image_shape)}. Received: {tuple(split.image_shape)}"
                )
        self.class_counts = np.bincount(train.labels, minlength=self.num_classes).astype(np.int64)
        if not partial:
            self._check_every_class_has_an_image()
        self._check_number_of_classes()

    @property
    def num_classes(self) -> int:
        """Number of class names."""
        return len(self.class_names)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """`(height, width, channels)` of the images of every split."""
        height, width, channels = self.train.image_shape
        return height, width, channels

    @property
    def image_fit(self) -> str | None:
        """How the training images became `image_shape`: "crop", "squash" or "pad"; None if they had that shape."""
        return getattr(self.train, "image_fit", None)

    def splits(self) -> dict[str, Split]:
        """Return the existing splits by name: "train" and, where given, "val" and "test"."""
        named = {"train": self.train, "val": self.val, "test": self.test}
        return {name: split for name, split in named.items() if split is not None}

    def _check_number_of_classes(self) -> None:
        if self.num_classes < 2:
            raise ValueError(
                "a dataset must have two classes or more, as one class is always right; add images of another class. "
                f"Received: class_names={list(self.class_names)!r}"
            )

    def _check_every_class_has_an_image(self) -> None:
        empty = np.flatnonzero(self.class_counts == 0)
        if empty.size:
            listed = ", ".join(f"{self.class_names[c]!r} (index {c})" for c in empty[:5])
            way_out = "number the classes from 0 without gaps, or leave classes without images out"
            if empty.tolist() == [0]:
                way_out = "labels numbered from 1 need labels - 1"
            raise ValueError(
                f"`train` must hold at least one image of every class; {way_out}. "
                f"Received: no training image for {empty.size} of {self.num_classes} classes: {listed}"
                + (", ..." if empty.size > 5 else "")
            )

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {len(split)}" for name, split in self.splits().items())
        if not self.class_counts.all():
            missing = int(np.count_nonzero(self.class_counts == 0))
            return (
                f"<LongTailedDataset {self.name!r}: {sizes} images of {self.image_shape}; {self.num_classes} classes, "
                f"{missing} of them without images>"
            )
        counts = ClassCounts(self.class_counts)
        groups = ", ".join(f"{len(v)} {k}" for k, v in counts.groups.items())
        return (
            f"<LongTailedDataset {self.name!r}: {sizes} images of {self.image_shape}; "
            f"{self.num_classes} classes ({groups} shot), imbalance factor {counts.imbalance_factor:.4g}>"
        )


def _check_split(name: str, split: object) -> None:
    if not all(hasattr(split, attribute) for attribute in ("labels", "load", "image_shape")):
        raise TypeError(
            f"`{name}` must be a split with labels, such as ltzoo.data.ArraySplit(images, labels). "
            f"Received: {name} of type {type(split).__name__}"
        )
