"""Seesaw loss: gradients on other classes are mitigated by their rarity and restored where they are confused."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.class_counts import ClassCounts
from ltzoo.losses.function_loss import FunctionLoss, zero_or_more
from ltzoo.losses.registry import register
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.precision import float32_or_float64


def seesaw(
    y_true: Any,
    y_pred: Any,
    *,
    class_counts: Sequence[int] | np.ndarray,
    p: float = 0.8,
    q: float = 2.0,
    epsilon: float = 0.0,
) -> Any:
    """Seesaw loss of each sample.

    l_i = -log [ exp(z_i) / (sum_{j != i} S_ij exp(z_j) + exp(z_i)) ], S_ij = M_ij C_ij ; loss = sum_i y_i l_i ;
    mitigation M_ij = min(1, n_j / n_i)^p ; compensation C_ij = max(1, s_j / max(s_i, epsilon))^q with
    s = softmax(z), a constant in differentiation.

    Seesaw Loss for Long-Tailed Instance Segmentation (Wang et al., CVPR 2021), Eq. 3-7, for plain classification: no
    objectness branch and no normalized linear layer (take the "normalized_dense" head for that).

    Args:
        y_true: Integer labels [batch] or [batch, 1], or soft labels [batch, C]. S depends on the pair of classes, so
            soft labels take batch * C * C numbers; integer ones take batch * C.
        y_pred: Logits z [batch, C].
        class_counts: Training images n of each class, [C].
        p: Exponent of the mitigation; 0 switches it off.
        q: Exponent of the compensation; 0 switches it off.
        epsilon: Smallest s_i that a ratio is divided by. The paper has none; its published code has 0.01, which
            limits C_ij to 100^q. The default is the paper's: in the log domain nothing overflows.

    Returns:
        [batch], in float32 at least.

    Raises:
        ValueError: If the shapes do not fit.

    Deviation from the paper: n are the counts of the whole training set. The paper counts the instances seen so far,
    whose ratios go to those of the training set within the first epochs.
    """
    y_true = ops.convert_to_tensor(y_true)
    dtype = float32_or_float64(y_pred.dtype)
    logits = ops.cast(y_pred, dtype)
    num_classes = logits.shape[-1]
    log_counts = np.log(ClassCounts(class_counts).require(num_classes).array).astype(dtype)
    log_counts = ops.broadcast_to(ops.convert_to_tensor(log_counts), ops.shape(logits))
    # A common shift changes nothing; it keeps differences of huge logits exact.
    logits = logits - ops.stop_gradient(ops.max(logits, axis=-1, keepdims=True))
    # Bounded, so that differences times q stay finite for the logit of a masked class (the lowest number there is).
    log_scores = ops.stop_gradient(ops.maximum(ops.log_softmax(logits, axis=-1), -1e30))
    labels = soft_labels(y_true, num_classes, dtype)
    is_soft = len(y_true.shape) == 2 and y_true.shape[1] == num_classes

    def of_target(values):
        """[batch, targets, 1]: all classes under soft labels, else the one target."""
        own = values if is_soft else ops.sum(labels * values, axis=-1, keepdims=True)
        return ops.expand_dims(own, -1)

    def of_all(values):
        return ops.expand_dims(values, 1)

    log_mitigation = p * ops.minimum(of_all(log_counts) - of_target(log_counts), 0.0)
    divisor = of_target(log_scores)
    if epsilon:
        divisor = ops.maximum(divisor, math.log(epsilon))
    log_compensation = q * ops.maximum(of_all(log_scores) - divisor, 0.0)
    log_weight = ops.stop_gradient(log_mitigation + log_compensation)
    log_sum = ops.logsumexp(of_all(logits) + log_weight, axis=-1)
    losses = log_sum - ops.squeeze(of_target(logits), -1)
    return ops.sum(labels * losses, axis=-1) if is_soft else ops.squeeze(losses, -1)


@register("seesaw")
@keras.saving.register_keras_serializable(package="ltzoo")
class Seesaw(FunctionLoss):
    """Seesaw loss on logits; see ``seesaw``.

    Args:
        class_counts: Training images of each class, [C].
        p, q: Exponents of mitigation and compensation; 0.8 and 2 in the paper.
        epsilon: Smallest target score that is divided by; 0 in the paper, 0.01 in its published code.
        reduction, name, dtype: As in ``keras.losses.Loss``.

    Raises:
        ValueError: If ``p`` or ``q`` is negative, ``epsilon`` outside [0, 1), or the counts are not valid.
    """

    function = staticmethod(seesaw)

    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        p: float = 0.8,
        q: float = 2.0,
        epsilon: float = 0.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "seesaw",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if not 0 <= epsilon < 1:
            raise ValueError(f"epsilon must be at least 0 and below 1. Received: epsilon={epsilon}")
        self.class_counts = ClassCounts(class_counts)
        self.p = zero_or_more("p", p)
        self.q = zero_or_more("q", q)
        self.epsilon = float(epsilon)
