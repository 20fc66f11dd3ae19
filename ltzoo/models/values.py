"""Checks of what a classifier is made from: class counts, image shape and pixel statistics."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ltzoo.checks import RANGES, received, refuse
from ltzoo.class_counts import ClassCounts
from ltzoo.data.image_fit import FITS


def checked_counts(class_counts: Any) -> ClassCounts:
    """Return class counts of two classes or more."""
    counts = ClassCounts(class_counts)
    if len(counts) < 2:
        refuse("class_counts", "the images of two classes or more", class_counts)
    return counts


def checked_shape(name: str, shape: Sequence[int]) -> tuple[int, ...]:
    """Return (height, width, channels) as a tuple of positive ints."""
    sizes = tuple(shape)
    if len(sizes) != 3 or not all(size in RANGES["PositiveInt"] for size in sizes):
        refuse(name, "(height, width, channels), three positive integers", shape)
    return tuple(int(size) for size in sizes)


def checked_fit(image_fit: Any) -> str:
    """Return how images of any shape become the model's: "crop", "squash" or "pad"."""
    if not isinstance(image_fit, str) or image_fit not in FITS:
        refuse("image_fit", f"one of {', '.join(map(repr, FITS))}", image_fit)
    return image_fit


def per_channel(name: str, values: Any, channels: int, positive: bool = False) -> tuple[float, ...]:
    """Return one finite number per channel, above 0 if `positive`; a single number counts for each of them."""
    array = np.asarray(values)
    if (
        array.dtype.kind not in "iuf"
        or array.shape not in ((), (1,), (channels,))
        or not np.isfinite(array).all()
    ):
        refuse(name, f"a finite number, or one for each of the {channels} channels", values)
    if positive and not (array > 0).all():
        refuse(name, "above 0 in every channel", values)
    return tuple(float(value) for value in np.broadcast_to(array, (channels,)))


def checked_names(class_names: Any, num_classes: int) -> tuple[str, ...]:
    """Return one different name per class; by default the numbers of the classes."""
    names = map(str, range(num_classes)) if class_names is None else class_names
    names = tuple(str(name) for name in names)
    if len(names) != num_classes or len(set(names)) != num_classes:
        raise ValueError(
            f"`class_names` must hold {num_classes} different names, one per class of `class_counts`. Received: "
            f"{len(names)} names, {len(set(names))} different: {received('class_names', class_names)[10:]}"
        )
    return names
