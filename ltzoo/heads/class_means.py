"""The mean feature of each class."""

import numpy as np


def class_means(features: np.ndarray, labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Mean feature of each class, float64 `[C, D]`.

    Args:
        features: `[N, D]`.
        labels: integers `[N]`; every class must have an image.
        num_classes: C.

    Raises:
        ValueError: a class without an image, or a label of none of the classes.
    """
    features, labels = np.asarray(features, np.float64), np.asarray(labels)
    counts = np.bincount(labels, minlength=num_classes)
    if len(counts) != num_classes or not counts.all():
        raise ValueError(
            f"Every one of the {num_classes} classes needs an image for its mean. "
            f"Received: labels of counts {counts.tolist()}"
        )
    sums = np.zeros((num_classes, features.shape[1]))
    np.add.at(sums, labels, features)
    return sums / counts[:, None]
