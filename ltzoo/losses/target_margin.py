"""Cross-entropy with a margin on the target, an optional focal factor and class weights."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.losses.soft_labels import soft_labels


def target_margin_cross_entropy(logits: Any, margin: Any) -> Any:
    """Cross-entropy of every class taken as the target, with ``margin`` subtracted from that target's logit.

    ce_k = -log softmax(z - margin e_k)_k = softplus(log sum_{j != k} exp(z_j) - z_k + margin)

    for all k at once, in O(C) for each sample (see ``log_sum_exp_of_others``).

    Args:
        logits: z [batch, C], C at least 2.
        margin: Number, or [batch, C] if the margin differs between targets.

    Returns:
        [batch, C].
    """
    if logits.shape[-1] < 2:
        raise ValueError(f"logits must have two classes or more. Received: logits of shape {logits.shape}")
    # A common shift changes nothing; it keeps ties of huge logits exact.
    logits = logits - ops.stop_gradient(ops.max(logits, axis=-1, keepdims=True))
    # softplus(x) as -log sigmoid(-x), which is smooth for large x on every backend.
    return -ops.log_sigmoid(logits - margin - log_sum_exp_of_others(logits))


def log_sum_exp_of_others(logits: Any) -> Any:
    """log sum_{j != k} exp(z_j) for every class k at once, in O(C) for each sample.

    The sum without class k is log sum_j exp(z_j) + log(1 - p_k); for the largest class, where 1 - p_k may cancel,
    it is summed anew.

    Args:
        logits: z [batch, C], C at least 2, finite (a class is left out by a very negative number).

    Returns:
        [batch, C].
    """
    is_largest = ops.one_hot(ops.argmax(logits, axis=-1), logits.shape[-1], dtype="bool")
    log_sum = ops.logsumexp(logits, axis=-1, keepdims=True)
    log_rest = ops.logsumexp(ops.where(is_largest, -float("inf"), logits), axis=-1, keepdims=True)
    probability = ops.exp(ops.where(is_largest, -float("inf"), logits - log_sum))
    # No class but the largest has more than 1/2; rounding of huge numbers must not make it 1.
    probability = ops.minimum(probability, 0.75)
    return ops.where(is_largest, log_rest, log_sum + ops.log1p(-probability))


def weighted_focal_sum(
    labels: Any,
    cross_entropies: Any,
    class_weight: Sequence[float] | np.ndarray | None = None,
    focal_gamma: float = 0.0,
) -> Any:
    """sum_k y_k (1 - p_k)^gamma l_k with l_k = w_k ce_k and p_k = exp(-l_k), a constant in differentiation.

    Args:
        labels: Soft labels y [batch, C].
        cross_entropies: ce [batch, C], the cross-entropy of each class taken as the target.
        class_weight: w [C] or None.
        focal_gamma: gamma; 0 switches the factor off.

    Returns:
        [batch].
    """
    losses = cross_entropies
    if class_weight is not None:
        losses = losses * ops.convert_to_tensor(class_weight, dtype=losses.dtype)
    if focal_gamma:
        # 1 - exp(-l), exact also where l is small.
        losses = losses * ops.stop_gradient(ops.power(-ops.expm1(-losses), focal_gamma))
    return ops.sum(labels * losses, axis=-1)


class TargetMarginLoss(keras.losses.Loss):
    """What the losses with a target margin share: their arguments, and the weighted mean over the batch.

    A subclass sets ``function`` to its pure function (as a staticmethod).
    """

    function = None

    def __init__(
        self,
        scale: float,
        margin: float,
        focal_gamma: float,
        class_weight: Sequence[float] | np.ndarray | None,
        from_cosine: bool,
        reduction: str | None,
        name: str | None,
        dtype: str | keras.DTypePolicy | None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if not scale > 0:
            raise ValueError(f"scale must be above 0. Received: scale={scale}")
        if not focal_gamma >= 0:
            raise ValueError(f"focal_gamma must be 0 or more. Received: focal_gamma={focal_gamma}")
        if class_weight is not None:
            class_weight = [float(weight) for weight in class_weight]
            if not min(class_weight, default=0.0) > 0:
                raise ValueError(f"class_weight must be above 0. Received: class_weight={class_weight}")
        self.scale = float(scale)
        self.margin = float(margin)
        self.focal_gamma = float(focal_gamma)
        self.class_weight = class_weight
        self.from_cosine = bool(from_cosine)

    def arguments(self) -> dict[str, Any]:
        """The keyword arguments of the pure function."""
        return {
            "scale": self.scale,
            "margin": self.margin,
            "focal_gamma": self.focal_gamma,
            "class_weight": self.class_weight,
            "from_cosine": self.from_cosine,
        }

    def call(self, y_true, y_pred):
        labels = soft_labels(y_true, y_pred.shape[1], self.dtype)
        losses = self.function(labels, y_pred, **self.arguments())
        if self.class_weight is None or self.focal_gamma:
            return losses
        # The mean over the batch then is sum(losses) / sum(weights).
        weights = ops.sum(labels * ops.convert_to_tensor(self.class_weight, dtype=labels.dtype), axis=-1)
        return losses / ops.cast(ops.mean(weights), losses.dtype)

    def get_config(self):
        return {**super().get_config(), **self.arguments()}
