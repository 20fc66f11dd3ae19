"""Accuracies as Keras metrics: over all samples, per class on average, and per shot group."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import PositiveInt, one_of
from ltzoo.class_counts import ClassCounts
from ltzoo.metrics.inputs import are_correct, labels_and_predictions, sample_weights

GROUPS = ("many", "medium", "few")


@keras.saving.register_keras_serializable(package="ltzoo")
class Top1Accuracy(keras.metrics.Mean):
    """Compute the share of samples whose largest output is the label.

    Labels are integers [batch] or [batch, 1], or soft labels [batch, C] (from mixup), whose largest entry counts.
    Predictions are logits or probabilities [batch, C].

    Args:
        name, dtype: see `keras.metrics.Metric`.
    """

    @checked
    def __init__(self, name: str | None = "accuracy", dtype: str | keras.DTypePolicy | None = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of labels and predictions; `sample_weight` is [batch] or None."""
        labels, predictions, known = labels_and_predictions(y_true, y_pred)
        correct = are_correct(labels, predictions, known, self.dtype)
        super().update_state(correct, sample_weight=sample_weight)

    def get_config(self):
        """Return the constructor arguments."""
        return {"name": self.name, "dtype": self.dtype}


@keras.saving.register_keras_serializable(package="ltzoo")
class BalancedAccuracy(keras.metrics.Metric):
    """Compute the mean of the accuracies per class; classes without samples are left out.

    Labels and predictions are as in `Top1Accuracy`. The result is NaN before the first sample.

    Args:
        num_classes: number of classes C.
        name, dtype: see `keras.metrics.Metric`.

    Raises:
        ValueError: if `num_classes` is below 1, or a prediction has another number of classes.
    """

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        name: str | None = "balanced_accuracy",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.num_classes = int(num_classes)
        self._in_group = np.ones(self.num_classes, "float32")
        self.correct = self.add_weight(shape=(self.num_classes,), initializer="zeros", name="correct")
        self.total = self.add_weight(shape=(self.num_classes,), initializer="zeros", name="total")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of labels and predictions; `sample_weight` is [batch] or None."""
        labels, predictions, known = labels_and_predictions(y_true, y_pred)
        if predictions.shape[1] != self.num_classes:
            raise ValueError(
                f"`y_pred` must have {self.num_classes} classes. "
                f"Received: y_pred of shape {tuple(predictions.shape)}"
            )
        weights = sample_weights(sample_weight, labels, self.dtype)
        correct = weights * are_correct(labels, predictions, known, self.dtype)
        # A sample without a label could be of any class.
        total = ops.where(ops.all(known), ops.segment_sum(weights, labels, self.num_classes), float("nan"))
        self.total.assign_add(total)
        self.correct.assign_add(ops.segment_sum(correct, labels, num_segments=self.num_classes))

    def per_class(self) -> Any:
        """Return the accuracy per class [C]; NaN for a class without samples."""
        total = ops.convert_to_tensor(self.total)
        share = ops.divide_no_nan(ops.convert_to_tensor(self.correct), total)
        return ops.where(total > 0, share, float("nan"))

    def result(self) -> Any:
        """Return the mean of the accuracies per class, a scalar."""
        total = ops.convert_to_tensor(self.total)
        counts = ops.cast(total > 0, self.dtype) * ops.cast(self._in_group, self.dtype)
        share = ops.divide_no_nan(ops.convert_to_tensor(self.correct), total)
        classes = ops.sum(counts)
        return ops.where(classes > 0, ops.divide_no_nan(ops.sum(counts * share), classes), float("nan"))

    def get_config(self):
        """Return the constructor arguments."""
        return {"num_classes": self.num_classes, "name": self.name, "dtype": self.dtype}


@keras.saving.register_keras_serializable(package="ltzoo")
class ShotAccuracy(BalancedAccuracy):
    """Compute the mean accuracy of the many-shot, medium-shot or few-shot classes (Liu et al., CVPR 2019).

    Many-shot classes have more than 100 training images, few-shot classes fewer than 20, medium-shot classes 20 to 100.
    A class without samples is left out. A group without samples is NaN, not 0. On a test set with equally many images
    per class, the result is the share of the group's images that are classified correctly.

    Args:
        group: "many", "medium" or "few".
        class_counts: training images per class [C].
        name: name of the metric. Default: the group, followed by "_accuracy".
        dtype: see `keras.metrics.Metric`.

    Raises:
        ValueError: if the group is unknown, or the counts are not positive integers.
    """

    @checked
    def __init__(
        self,
        group: str,
        class_counts: Sequence[int] | np.ndarray,
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        one_of("group", group, GROUPS)
        counts = ClassCounts(class_counts)
        classes = counts.groups[group]
        super().__init__(len(counts), name=name or f"{group}_accuracy", dtype=dtype)
        self.group = group
        self.class_counts = counts
        self._in_group = np.zeros(self.num_classes, "float32")
        self._in_group[classes] = 1.0

    def get_config(self):
        """Return the constructor arguments."""
        config = super().get_config()
        del config["num_classes"]
        return {"group": self.group, "class_counts": self.class_counts.tolist(), **config}
