"""Norms of a classifier's class vectors, for the plot that shows whether it favors the head classes."""

from typing import Any

import keras
import numpy as np

from ltzoo.layers import NormalizedDense


def classifier_norms(model: Any) -> np.ndarray | None:
    """Norm of the vector that each class is compared with, float64 `[C]`.

    It is 1 for a head that divides by it, and None for a head that has no single vector a class.

    Args:
        model: a `LongTailedClassifier`.
    """
    if isinstance(model.head, NormalizedDense):
        return np.ones(model.num_classes)
    kernel = getattr(model.head, "kernel", None)
    if kernel is None or len(kernel.shape) != 2:
        return None
    return np.linalg.norm(keras.ops.convert_to_numpy(kernel.value).astype(np.float64), axis=0)
