"""Seesaw loss: rarity mitigates the gradients on other classes, and confusion restores them."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import BelowOne, NonNegative
from ltzoo.class_counts import ClassCounts
from ltzoo.contracts.label_tensors import refuses_wrong_labels
from ltzoo.losses.function_loss import FunctionLoss
from ltzoo.losses.registry import register
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.precision import float32_or_float64


@refuses_wrong_labels
def seesaw(
    y_true: Any,
    y_pred: Any,
    *,
    class_counts: Sequence[int] | np.ndarray,
    p: float = 0.8,
    q: float = 2.0,
    epsilon: float = 0.0,
) -> Any:
    """Compute the seesaw loss per sample.

    loss = sum_i y_i l_i, with l_i = -log [ exp(z_i) / (sum_{j != i} S_ij exp(z_j) + exp(z_i)) ] and S_ij = M_ij C_ij.
    Mitigation: M_ij = min(1, n_j / n_i)^p. Compensation: C_ij = max(1, s_j / max(s_i, epsilon))^q, with s = softmax(z)
    constant in differentiation.

    Seesaw Loss for Long-Tailed Instance Segmentation (Wang et al., CVPR 2021), Eq. 3-7, for plain classification.
    There is no objectness branch and no normalized linear layer. For that, use the head "normalized_dense" with the
    scale 20, the temperature of the released layer, as the recipe "seesaw_normalized" does.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels y [batch, C]. S depends on the pair of classes,
            so soft labels take batch * C * C numbers; integer labels take batch * C.
        y_pred: logits z [batch, C].
        class_counts: training images per class n [C].
        p: exponent of the mitigation; 0 switches it off.
        q: exponent of the compensation; 0 switches it off.
        epsilon: lower bound of s_i in the ratio. The published code has 0.01, which limits C_ij to 100^q. The paper
            has no bound; 0, the default, is safe because the log domain does not overflow.

    Returns:
        loss per sample [batch], in float32 or float64.

    Raises:
        ValueError: if the shapes do not fit.

    Deviation from the paper: n counts the whole training set. The paper counts the instances seen so far, whose
    ratios approach the full ones within the first epochs.
    """
    y_true = ops.convert_to_tensor(y_true)
    dtype = float32_or_float64(y_pred.dtype)
    logits = ops.cast(y_pred, dtype)
    num_classes = logits.shape[-1]
    log_counts = np.log(ClassCounts(class_counts).require(num_classes).array).astype(dtype)
    log_counts = ops.broadcast_to(ops.convert_to_tensor(log_counts), ops.shape(logits))
    # A common shift changes nothing; it keeps differences of huge logits exact.
    logits = logits - ops.stop_gradient(ops.max(logits, axis=-1, keepdims=True))
    # A masked class may have the lowest representable logit; the bound keeps q times a difference finite.
    log_scores = ops.stop_gradient(ops.maximum(ops.log_softmax(logits, axis=-1), -1e30))
    labels = soft_labels(y_true, num_classes, dtype)
    is_soft = len(y_true.shape) == 2 and y_true.shape[1] == num_classes

    def of_target(values):
        """Return [batch, targets, 1]: all classes for soft labels, else the one target."""
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
    """Seesaw loss on logits; see `seesaw`.

    Args:
        class_counts: training images per class n [C].
        p, q: exponents of mitigation and compensation; 0.8 and 2 in the paper.
        epsilon: lower bound of the target score in the ratio; 0 in the paper, 0.01 in its published code.
        reduction, name, dtype: see `keras.losses.Loss`.

    Raises:
        ValueError: if `p` or `q` is negative, `epsilon` is outside [0, 1), or the counts are invalid.
    """

    function = staticmethod(seesaw)

    @checked
    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        p: NonNegative = 0.8,
        q: NonNegative = 2.0,
        epsilon: BelowOne = 0.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "seesaw",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.class_counts = ClassCounts(class_counts)
        self.p = float(p)
        self.q = float(q)
        self.epsilon = float(epsilon)
