"""Norms of a classifier's class vectors, which show whether it favors the head classes."""

from typing import Any

import keras
import numpy as np

from ltzoo.layers import NormalizedDense


def classifier_norms(model: Any) -> np.ndarray | None:
    """Return the norm of each class's weight vector, float64 `[C]`.

    The norms are 1 for a head that normalizes its vectors, and None for a head without one vector per class. A head
    whose vectors are not its kernel (learned scales, tau-normalization) provides them as `class_vectors()`, `[D, C]`.

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
