"""The mean feature of each class."""

import numpy as np


def class_means(features: np.ndarray, labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Return the mean feature of each class, float64 `[C, D]`.

    Args:
        features: `[N, D]`.
        labels: integers `[N]`; every class must have an image.
        num_classes: C.

    Raises:
        ValueError: a class has no image, or a label is outside 0..C-1.
    """
    features, labels = np.asarray(features, np.float64), np.asarray(labels)
    counts = np.bincount(labels, minlength=num_classes)
    if len(counts) != num_classes or not counts.all():
        raise ValueError(
            f"`labels` must hold at least one image of each of the {num_classes} classes. "
            f"Received: labels with counts {counts.tolist()}"
        )
    sums = np.zeros((num_classes, features.shape[1]))
    np.add.at(sums, labels, features)
    return sums / counts[:, None]
