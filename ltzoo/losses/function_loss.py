"""Base of losses that are a pure function with arguments, and the class-weighted mean over the batch."""

import inspect
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.class_counts import ClassCounts
from ltzoo.losses.soft_labels import soft_labels

AVERAGES = ("weights", "batch")


class FunctionLoss(keras.losses.Loss):
    """A Keras loss around a pure function `(y_true, y_pred, **arguments) -> [batch]`.

    A subclass sets ``function`` (as a staticmethod), keeps each argument of its constructor in an attribute of the
    same name, and may return class weights from ``mean_weights``.

    Class-weighted mean: with class weights w from ``mean_weights`` and w_i = sum_k y_ik w_k, the mean over the batch
    is sum_i l_i / sum_i w_i, as PyTorch's weighted cross-entropy. To Keras the w_i, divided by their mean, are sample
    weights, so they multiply with those that the caller gives, and every reduction treats them right: with sample
    weights s, "sum_over_batch_size" is sum_i s_i l_i / sum_i w_i and "mean_with_sample_weight" is
    sum_i s_i l_i / sum_i s_i w_i.
    """

    function = None

    def arguments(self) -> dict[str, Any]:
        """The arguments of the constructor, but for those of ``keras.losses.Loss``."""
        parameters = inspect.signature(type(self)).parameters
        return {key: getattr(self, key) for key in parameters if key not in ("reduction", "name", "dtype")}

    def function_arguments(self) -> dict[str, Any]:
        """The keyword arguments of the pure function; by default those of the constructor."""
        return self.arguments()

    def mean_weights(self) -> np.ndarray | None:
        """Class weights [C] that the mean over the batch divides by, or None for the plain mean."""
        return None

    def __call__(self, y_true, y_pred, sample_weight=None):
        weights = self._image_weights(y_true, y_pred)
        if weights is not None:
            weights = weights / ops.mean(weights)
            if sample_weight is not None:
                weights = weights * ops.reshape(ops.cast(sample_weight, weights.dtype), (-1,))
            sample_weight = weights
        return super().__call__(y_true, y_pred, sample_weight)

    def call(self, y_true, y_pred):
        losses = type(self).function(y_true, y_pred, **self.function_arguments())
        weights = self._image_weights(y_true, y_pred)
        if weights is None:
            return losses
        # A row of soft labels may be empty.
        return losses / ops.cast(ops.where(weights > 0, weights, ops.ones_like(weights)), losses.dtype)

    def _image_weights(self, y_true, y_pred):
        weights = self.mean_weights()
        if weights is None:
            return None
        weights = ops.convert_to_tensor(weights, dtype=self.dtype)
        return ops.matmul(soft_labels(y_true, y_pred.shape[1], self.dtype), weights)

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), **{key: _plain(value) for key, value in self.arguments().items()}}


def above_zero(name: str, value: float) -> float:
    """``value`` as a float; a ValueError unless it is above 0."""
    if not value > 0:
        raise ValueError(f"{name} must be above 0. Received: {name}={value}")
    return float(value)


def zero_or_more(name: str, value: float) -> float:
    """``value`` as a float; a ValueError if it is negative."""
    if not value >= 0:
        raise ValueError(f"{name} must be 0 or more. Received: {name}={value}")
    return float(value)


def checked_class_weight(class_weight: Sequence[float] | np.ndarray | None) -> list[float] | None:
    """Class weights as a list of floats; a ValueError unless all are above 0."""
    if class_weight is None:
        return None
    class_weight = [float(weight) for weight in class_weight]
    if not min(class_weight, default=0.0) > 0:
        raise ValueError(f"class_weight must be above 0. Received: class_weight={class_weight}")
    return class_weight


def check_average(average: str) -> str:
    """``average`` if it is one of ``AVERAGES``, else a ValueError."""
    if average not in AVERAGES:
        raise ValueError(f"average must be one of {AVERAGES}. Received: average={average!r}")
    return average


def _plain(value):
    return value.tolist() if isinstance(value, (np.ndarray, ClassCounts)) else value
