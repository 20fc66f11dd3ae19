"""Base class of losses that wrap a pure function, with an optional class-weighted mean over the batch."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from ltzoo.checks import RANGES, one_of
from ltzoo.class_counts import ClassCounts
from ltzoo.contracts.host_arrays import host_array
from ltzoo.contracts.label_tensors import check_label_type
from ltzoo.contracts.labels import check_labels
from ltzoo.losses.soft_labels import soft_labels

AVERAGES = ("weights", "batch")


class FunctionLoss(keras.losses.Loss):
    """Keras loss that wraps a pure function `(y_true, y_pred, **arguments) -> [batch]`: the base of all losses.

    Labels follow `ltzoo.contracts.labels`: wrong ones raise a ValueError where their values are known,
    and give a loss of NaN in a compiled program.

    A subclass sets `function` to a staticmethod and keeps each constructor argument in an attribute of the same
    name. It may return class weights from `mean_weights`.

    Class-weighted mean: `mean_weights` gives class weights w, and sample i with loss l_i weighs
    w_i = sum_k y_ik w_k. The mean over the batch is then sum_i l_i / sum_i w_i, as in PyTorch's weighted
    cross-entropy. Keras receives the w_i, divided by their mean, as sample weights. They are multiplied by the
    caller's sample weights s, so every reduction stays correct: "sum_over_batch_size" is
    sum_i s_i l_i / sum_i w_i, and "mean_with_sample_weight" is sum_i s_i l_i / sum_i s_i w_i.

    Attributes:
        function: the pure function.
    """

    function: ClassVar[Callable[..., Any]]

    def arguments(self) -> dict[str, Any]:
        """Return the constructor arguments, without the arguments of `keras.losses.Loss`."""
        parameters = inspect.signature(type(self)).parameters
        return {key: getattr(self, key) for key in parameters if key not in ("reduction", "name", "dtype")}

    def function_arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of the pure function; by default all of `arguments()`."""
        return self.arguments()

    def mean_weights(self) -> np.ndarray | None:
        """Return the class weights [C] that the mean over the batch divides by, or None for a plain mean."""
        return None

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Return the reduced loss, a scalar unless `reduction` is None; see `keras.losses.Loss`.

        Raises:
            ValueError: the labels are known and break the rules of `ltzoo.contracts.labels`, or there is not one per
                prediction.
        """
        y_pred = ops.convert_to_tensor(y_pred)
        self.check_labels(y_true, y_pred.shape)
        weights = self._image_weights(y_true, y_pred)
        if weights is not None:
            weights = weights / ops.mean(weights)
            if sample_weight is not None:
                weights = weights * ops.reshape(ops.cast(sample_weight, weights.dtype), (-1,))
            sample_weight = weights
        return super().__call__(y_true, y_pred, sample_weight)

    def check_labels(self, y_true: Any, shape: tuple) -> None:
        """Raise a ValueError if the labels are known and wrong; `shape` is that of the predictions."""
        _check_labels(y_true, shape)

    def call(self, y_true, y_pred):
        """Return the loss per sample [batch], divided by w_i where the mean is class-weighted."""
        losses = type(self).function(y_true, y_pred, **self.function_arguments())
        weights = self._image_weights(y_true, y_pred)
        if weights is None:
            return losses
        # What is no label may have no weight; its loss is NaN.
        return losses / ops.cast(ops.where(weights > 0, weights, ops.ones_like(weights)), losses.dtype)

    def _image_weights(self, y_true, y_pred):
        weights = self.mean_weights()
        if weights is None:
            return None
        check_length(weights, y_pred.shape[1])
        weights = ops.convert_to_tensor(weights, dtype=self.dtype)
        return ops.matmul(soft_labels(y_true, y_pred.shape[1], self.dtype), weights)

    def get_config(self):
        """Return the constructor arguments as plain data."""
        return {**super().get_config(), **{key: _plain(value) for key, value in self.arguments().items()}}


def _check_labels(y_true, shape):
    # Here they still have their own type; Keras casts them before it calls the function.
    labels = host_array(y_true)
    if len(shape) < 2:
        return
    if labels is not None:
        check_labels(labels, shape[1], "y_true", soft=True, whole_floats=True)
    else:
        check_label_type(y_true)
    count = None if not getattr(y_true, "shape", None) else y_true.shape[0]
    count = count if labels is None else len(labels)
    if None not in (count, shape[0]) and count != shape[0]:
        raise ValueError(
            f"`y_true` must hold one label per prediction. Received: {count} labels, {shape[0]} predictions"
        )


def checked_class_weight(class_weight: Sequence[float] | np.ndarray | None) -> list[float] | None:
    """Return the class weights as a list of floats, or raise a ValueError unless all are above 0."""
    if class_weight is None:
        return None
    class_weight = [float(weight) for weight in class_weight]
    if not class_weight or not all(weight in RANGES["Positive"] for weight in class_weight):
        raise ValueError(
            f"`class_weight` must hold finite numbers above 0, one per class. Received: class_weight={class_weight}"
        )
    return class_weight


def check_average(average: str) -> str:
    """Return `average`, or raise a ValueError unless it is one of `AVERAGES`."""
    return one_of("average", average, AVERAGES)


def check_length(weights: Sequence[float] | np.ndarray, num_classes: int) -> None:
    """Refuse class weights of another number than the logits."""
    if len(weights) != num_classes:
        raise ValueError(
            f"`class_counts` or `class_weight` must have one number for each of the {num_classes} logits. "
            f"Received: {len(weights)} numbers"
        )


def _plain(value):
    return value.tolist() if isinstance(value, (np.ndarray, ClassCounts)) else value
