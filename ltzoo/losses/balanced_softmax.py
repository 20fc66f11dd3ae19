"""Balanced softmax loss: cross-entropy of logits plus the log class counts."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ltzoo.arguments import checked
from ltzoo.class_counts import ClassCounts
from ltzoo.contracts.label_tensors import refuses_wrong_labels
from ltzoo.losses.function_loss import FunctionLoss
from ltzoo.losses.logit_adjustment import logit_adjustment
from ltzoo.losses.registry import register


@refuses_wrong_labels
def balanced_softmax(y_true: Any, y_pred: Any, *, class_counts: Sequence[int] | np.ndarray) -> Any:
    """Compute the balanced softmax loss per sample: -sum_k y_k log( n_k exp(z_k) / sum_j n_j exp(z_j) ).

    Balanced Meta-Softmax for Long-Tailed Visual Recognition (Ren et al., NeurIPS 2020), Eq. 4. It equals
    `logit_adjustment` with tau = 1, where the factor 1 / N of the prior cancels. Predictions use z itself.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels y [batch, C].
        y_pred: logits z [batch, C].
        class_counts: training images per class n [C].

    Returns:
        loss per sample [batch], in float32 or float64.
    """
    return logit_adjustment(y_true, y_pred, class_counts=class_counts)


@register("balanced_softmax")
@keras.saving.register_keras_serializable(package="ltzoo")
class BalancedSoftmax(FunctionLoss):
    """Balanced softmax loss; see `balanced_softmax`.

    Args:
        class_counts: training images per class n [C].
        reduction, name, dtype: see `keras.losses.Loss`.

    Raises:
        ValueError: if the counts are invalid.
    """

    function = staticmethod(balanced_softmax)

    @checked
    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "balanced_softmax",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.class_counts = ClassCounts(class_counts)
