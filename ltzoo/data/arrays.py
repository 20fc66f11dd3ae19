"""A dataset from arrays in memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

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
    """Makes a dataset from images and labels in memory.

    Args:
        x_train: raw pixels 0 to 255 of an integer type, `[N, height, width, channels]` or
            `[N, height, width]`.
        y_train: class indices `[N]`.
        x_test, y_test: test images and labels, or None.
        x_val, y_val: validation images and labels, or None.
        class_names: one name a class in label order; None numbers them.
        validation_fraction: share of the training images to hold out, stratified, when `x_val` is not given.
        seed: chooses the held-out images.
        name: name of the dataset.

    Returns:
        A `LongTailedDataset`.

    Raises:
        ValueError: images without labels or the reverse, lengths that differ, labels outside the range, a
            class without a training image, images that are not raw pixels, or shapes that differ.
    """
    train = ArraySplit(x_train, y_train)
    val = _optional_split("x_val", x_val, "y_val", y_val)
    test = _optional_split("x_test", x_test, "y_test", y_test)
    if validation_fraction:
        if val is not None:
            raise ValueError(
                "`validation_fraction` must be 0 when `x_val` is given. "
                f"Received: validation_fraction={validation_fraction!r}"
            )
        if class_names is None:
            class_names = [str(index) for index in range(int(train.labels.max(initial=0)) + 1)]
        kept, held_out = stratified_split(train.labels, validation_fraction, seed)
        train, val = train.subset(kept), train.subset(held_out)
    return LongTailedDataset(name, train, val, test, class_names)


def _optional_split(x_name, images, y_name, labels) -> ArraySplit | None:
    if (images is None) != (labels is None):
        given, missing = (x_name, y_name) if labels is None else (y_name, x_name)
        raise ValueError(
            f"`{x_name}` and `{y_name}` must be given together. Received: {given} without {missing}"
        )
    return None if images is None else ArraySplit(images, labels)
