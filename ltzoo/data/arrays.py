"""A dataset from arrays in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ltzoo.contracts.image_arrays import image_array, warn_of_scale
from ltzoo.contracts.labels import check_labels, check_same_length, count_classes
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.splits import ArraySplit
from ltzoo.data.subset import stratified_split


def from_arrays(
    x_train: np.ndarray,
    y_train: Sequence[int] | np.ndarray,
    x_test: np.ndarray | None = None,
    y_test: Sequence[int] | np.ndarray | None = None,
    *,
    x_val: np.ndarray | None = None,
    y_val: Sequence[int] | np.ndarray | None = None,
    class_names: Sequence[str] | None = None,
    validation_fraction: float = 0.0,
    seed: int = 0,
    name: str = "arrays",
) -> LongTailedDataset:
    """Make a dataset from images and labels in memory.

    Args:
        x_train: raw pixels 0 to 255 of an integer type, `[N, height, width, channels]` or
            `[N, height, width]`.
        y_train: class indices `[N]` or `[N, 1]`; or names of `class_names`.
        x_test, y_test: test images and labels, or None.
        x_val, y_val: validation images and labels, or None.
        class_names: one name per class, in label order; None numbers the classes.
        validation_fraction: share of each class's training images to hold out; only without `x_val`.
        seed: chooses the held-out images.
        name: name of the dataset.

    Returns:
        A `LongTailedDataset`.

    Raises:
        ValueError: only images or only labels are given, lengths or shapes differ, labels are out of range,
            a class has no training image, or the images are not raw pixels. See `ltzoo.contracts.labels` and
            `ltzoo.contracts.image_arrays`.

    Warns:
        UserWarning: all pixels of an array are 0 or 1.
    """
    train = _split("x_train", x_train, "y_train", y_train, class_names)
    val = _optional_split("x_val", x_val, "y_val", y_val, class_names)
    test = _optional_split("x_test", x_test, "y_test", y_test, class_names)
    if validation_fraction:
        if val is not None:
            raise ValueError(
                "`validation_fraction` must be 0 when `x_val` is given. "
                f"Received: validation_fraction={validation_fraction!r}"
            )
        if class_names is None:
            class_names = [str(index) for index in range(count_classes(train.labels, "y_train"))]
        kept, held_out = stratified_split(train.labels, validation_fraction, seed)
        train, val = train.subset(kept), train.subset(held_out)
    return LongTailedDataset(name, train, val, test, class_names)


def _split(x_name, images, y_name, labels, class_names) -> ArraySplit:
    images = image_array(images, x_name)
    warn_of_scale(images, x_name)
    labels = check_labels(labels, argument=y_name, class_names=class_names)
    check_same_length(images, labels, x_name, y_name)
    return ArraySplit(images, labels)


def _optional_split(x_name, images, y_name, labels, class_names) -> ArraySplit | None:
    if images is None and labels is None:
        return None
    if images is None or labels is None:
        given, missing = (x_name, y_name) if labels is None else (y_name, x_name)
        raise ValueError(
            f"`{x_name}` and `{y_name}` must be given together. Received: {given} without {missing}"
        )
    return _split(x_name, images, y_name, labels, class_names)
