"""The classes that may be predicted, such as the species of one region."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ltzoo.checks import did_you_mean, is_integer, received


def class_mask(
    classes: Iterable[str | int] | None, num_classes: int, class_names: Sequence[str] | None = None
) -> np.ndarray:
    """Return whether each class may be predicted, bool `[C]`.

    Args:
        classes: names or indices of the classes that may be; None for all.
        num_classes: C.
        class_names: names in class order, for names.

    Raises:
        ValueError: a name is unknown, an index is out of range, or fewer than two classes are given.
    """
    if classes is None:
        return np.ones(num_classes, bool)
    if isinstance(classes, (str, bytes)) or not hasattr(classes, "__iter__"):
        raise ValueError(
            f"`classes` must be a list of class names or indices. {received('classes', classes)}"
        )
    places = {str(name): place for place, name in enumerate(class_names or ())}
    mask = np.zeros(num_classes, bool)
    for entry in classes:
        if is_integer(entry) and 0 <= int(entry) < num_classes:
            mask[int(entry)] = True
        elif isinstance(entry, str) and entry in places:
            mask[places[entry]] = True
        else:
            names = "" if places else "; no class names are known here"
            raise ValueError(
                f"`classes` must be names of classes, or indices from 0 to {num_classes - 1}{names}."
                f"{did_you_mean(entry, places)} {received('classes', entry)}"
            )
    if np.count_nonzero(mask) < 2:
        raise ValueError(
            f"`classes` must name two classes or more. Received: {np.count_nonzero(mask)} different classes"
        )
    return mask
