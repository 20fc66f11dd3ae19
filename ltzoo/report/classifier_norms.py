"""Norms of a classifier's class vectors, for the plot that shows whether it favors the head classes."""

from typing import Any

import keras
import numpy as np

from ltzoo.layers import NormalizedDense


def classifier_norms(model: Any) -> np.ndarray | None:
    """Norm of the vector that each class is compared with, float64 `[C]`.

    It is 1 for a head that divides by it, and None for a head that has no single vector a class. A head whose vectors
    are not its kernel (learned scales, tau-normalization) gives them by a method `class_vectors()`, `[D, C]`.

    Args:
        model: a `LongTailedClassifier`.
    """
    if isinstance(model.head, NormalizedDense):
        return np.ones(model.num_classes)
    if hasattr(model.head, "class_vectors"):
        vectors = model.head.class_vectors()
    else:
        kernel = getattr(model.head, "kernel", None)
        if kernel is None or len(kernel.shape) != 2:
            return None
        vectors = keras.ops.convert_to_numpy(kernel.value)
    return np.linalg.norm(np.asarray(vectors, np.float64), axis=0)
