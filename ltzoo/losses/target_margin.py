"""Cross-entropy with a margin on the target, an optional focal factor and class weights."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import NonNegative, Positive
from ltzoo.losses.function_loss import FunctionLoss, check_length, checked_class_weight

_TINY = 1e-30


def target_margin_cross_entropy(logits: Any, margin: Any) -> Any:
    """Compute the cross-entropy of every class as the target, with `margin` subtracted from that target's logit.

    ce_k = -log softmax(z - margin e_k)_k = softplus(log sum_{j != k} exp(z_j) - z_k + margin)

    All k are computed at once, in O(C) per sample; see `log_sum_exp_of_others`. e_k is the unit vector of class k.

    Args:
        logits: z [batch, C], with C at least 2.
        margin: a number, or [batch, C] if the margin differs between targets.

    Returns:
        ce [batch, C].

    Raises:
        ValueError: if there are fewer than two classes.
    """
    if logits.shape[-1] < 2:
        raise ValueError(f"`logits` must have two classes or more. Received: logits of shape {logits.shape}")
    # A common shift changes nothing; it keeps ties of huge logits exact.
    logits = logits - ops.stop_gradient(ops.max(logits, axis=-1, keepdims=True))
    # Write softplus(x) as -log sigmoid(-x), which is smooth for large x on every backend.
    return -ops.log_sigmoid(logits - margin - log_sum_exp_of_others(logits))


def log_sum_exp_of_others(logits: Any) -> Any:
    """Compute log sum_{j != k} exp(z_j) for every class k at once, in O(C) per sample.

    With p = softmax(z), the sum without class k is log sum_j exp(z_j) + log(1 - p_k). For the largest class 1 - p_k
    may cancel, so its sum is computed separately.

    Args:
        logits: z [batch, C], finite, with C at least 2. A very negative number leaves a class out.

    Returns:
        the logarithms [batch, C].
    """
    is_largest = ops.one_hot(ops.argmax(logits, axis=-1), logits.shape[-1], dtype="bool")
    log_sum = ops.logsumexp(logits, axis=-1, keepdims=True)
    log_rest = ops.logsumexp(ops.where(is_largest, -float("inf"), logits), axis=-1, keepdims=True)
    probability = ops.exp(ops.where(is_largest, -float("inf"), logits - log_sum))
    # Only the largest class can have more than 1/2; rounding of huge numbers must not give another class 1.
    probability = ops.minimum(probability, 0.75)
    return ops.where(is_largest, log_rest, log_sum + ops.log1p(-probability))


def weighted_focal_sum(
    labels: Any,
    cross_entropies: Any,
    class_weight: Sequence[float] | np.ndarray | None = None,
    focal_gamma: float = 0.0,
    detach: bool = True,
) -> Any:
    """Compute sum_k y_k (1 - p_k)^gamma l_k, with l_k = w_k ce_k and p_k = exp(-l_k).

    Args:
        labels: soft labels y [batch, C].
        cross_entropies: ce [batch, C], the cross-entropy of each class as the target.
        class_weight: w [C] or None.
        focal_gamma: gamma; 0 switches the focal factor off.
        detach: treat p_k as a constant in differentiation.

    Returns:
        loss per sample [batch].
    """
    losses = cross_entropies
    if class_weight is not None:
        check_length(class_weight, losses.shape[-1])
        losses = losses * ops.convert_to_tensor(class_weight, dtype=losses.dtype)
    if focal_gamma:
        factor = focal_factor(losses, focal_gamma)
        losses = losses * (ops.stop_gradient(factor) if detach else factor)
    return ops.sum(labels * losses, axis=-1)


def focal_factor(losses: Any, gamma: float) -> Any:
    """Compute (1 - exp(-l))^gamma, accurate for small l and with a finite derivative at l = 0."""
    return ops.power(ops.maximum(-ops.expm1(-losses), _TINY), gamma)


class TargetMarginLoss(FunctionLoss):
    """Shared arguments and class-weighted mean of the Gaussian clouded logit losses.

    A subclass sets `function` and `default_name`.

    Attributes:
        default_name: name of the loss if the constructor gets none.
    """

    default_name: str | None = None

    @checked
    def __init__(
        self,
        scale: Positive = 30.0,
        margin: float = 0.0,
        focal_gamma: NonNegative = 0.0,
        class_weight: Sequence[float] | np.ndarray | None = None,
        from_cosine: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name or self.default_name, reduction=reduction, dtype=dtype)
        self.scale = float(scale)
        self.margin = float(margin)
        self.focal_gamma = float(focal_gamma)
        self.class_weight = checked_class_weight(class_weight)
        self.from_cosine = bool(from_cosine)

    def mean_weights(self):
        """Return the class weights [C] of the mean, or None with a focal factor."""
        return None if self.focal_gamma else self.class_weight
