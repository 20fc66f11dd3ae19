"""Binary cross-entropy of every softmax output, weighted by the effective number of the label's images."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import BelowOne
from ltzoo.class_counts import ClassCounts, effective_number_weights
from ltzoo.contracts.label_tensors import refuses_wrong_labels
from ltzoo.losses.function_loss import FunctionLoss
from ltzoo.losses.registry import register
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.precision import float32_or_float64

_LEAST_LOG = -100.0


@refuses_wrong_labels
def class_balanced_softmax_bce(
    y_true: Any, y_pred: Any, *, class_counts: Sequence[int] | np.ndarray, beta: float = 0.9999
) -> Any:
    """Compute the class-balanced loss of the weight balancing code per sample.

    loss = (w / C) sum_k [ -y_k log p_k - (1 - y_k) log(1 - p_k) ], with p = softmax(z) and w = sum_k y_k w_k. The
    weights w_k = C (1 - beta) / (1 - beta^n_k) / sum_j (1 - beta) / (1 - beta^n_j) sum to C. Logarithms are at least
    -100, where their gradient is 0.

    Long-Tailed Recognition via Weight Balancing (Alshammari et al., CVPR 2022), released code. The paper names the
    class-balanced loss of Cui et al.; the code averages binary cross-entropies over the classes. With the same weight
    decay that is another method: its gradient is smaller by about the number of classes.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels y [batch, C].
        y_pred: logits z [batch, C].
        class_counts: training images per class n [C].
        beta: in [0, 1); 0.9999 in the released code.

    Returns:
        loss per sample [batch], in float32 or float64.
    """
    logits = ops.cast(y_pred, float32_or_float64(y_pred.dtype))
    classes = logits.shape[-1]
    counts = ClassCounts(class_counts).require(classes)
    weights = ops.convert_to_tensor(effective_number_weights(counts, beta), dtype=logits.dtype)
    labels = soft_labels(y_true, classes, logits.dtype)
    log_p = ops.maximum(ops.log_softmax(logits, axis=-1), _LEAST_LOG)
    losses = -labels * log_p - (1.0 - labels) * _log_of_the_others(logits)
    return ops.sum(labels * weights, axis=-1) * ops.mean(losses, axis=-1)


def _log_of_the_others(logits):
    """Return log(1 - p_k), clamped at -100. Where p_k may be near 1, at the largest logit, it sums the other p."""
    largest = ops.cast(ops.one_hot(ops.argmax(logits, axis=-1), logits.shape[-1]), "bool")
    shifted = logits - ops.stop_gradient(ops.max(logits, axis=-1, keepdims=True))
    rest = ops.logsumexp(ops.where(largest, -1e30, shifted), axis=-1, keepdims=True)
    log_total = ops.logsumexp(shifted, axis=-1, keepdims=True)
    p = ops.where(largest, ops.zeros_like(shifted), ops.exp(shifted - log_total))
    return ops.maximum(ops.where(largest, rest - log_total, ops.log1p(-p)), _LEAST_LOG)


@register("class_balanced_softmax_bce")
@keras.saving.register_keras_serializable(package="ltzoo")
class ClassBalancedSoftmaxBCE(FunctionLoss):
    """Class-balanced binary cross-entropy of softmax outputs; see `class_balanced_softmax_bce`.

    Args:
        class_counts: training images per class n [C].
        beta: in [0, 1).
        reduction, name, dtype: see `keras.losses.Loss`.

    Raises:
        ValueError: if the counts are invalid, or `beta` is outside [0, 1).
    """

    function = staticmethod(class_balanced_softmax_bce)

    @checked
    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        beta: BelowOne = 0.9999,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "class_balanced_softmax_bce",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.class_counts = ClassCounts(class_counts)
        self.beta = float(beta)
