"""Focal loss weighted by the inverse effective number of images per class, with sigmoids or a softmax."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import BelowOne, NonNegative, one_of
from ltzoo.class_counts import ClassCounts, effective_number_weights
from ltzoo.contracts.label_tensors import refuses_wrong_labels
from ltzoo.losses.function_loss import FunctionLoss, check_average
from ltzoo.losses.registry import register
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.losses.target_margin import focal_factor, weighted_focal_sum
from ltzoo.precision import float32_or_float64

ACTIVATIONS = ("sigmoid", "softmax")


@refuses_wrong_labels
def class_balanced_focal(
    y_true: Any,
    y_pred: Any,
    *,
    class_counts: Sequence[int] | np.ndarray,
    beta: float = 0.9999,
    gamma: float = 1.0,
    activation: str = "sigmoid",
) -> Any:
    """Compute the class-balanced focal loss per sample.

    - "sigmoid": loss = sum_k y_k w_k sum_j (1 - q_j)^gamma (-log q_j), with q_j = sigmoid(z_j) for j = k, else
      sigmoid(-z_j).
    - "softmax": loss = sum_k y_k w_k (1 - p_k)^gamma (-log p_k), with p = softmax(z).

    In both, w_k = C (1 - beta) / (1 - beta^n_k) / sum_j (1 - beta) / (1 - beta^n_j).

    Class-Balanced Loss Based on Effective Number of Samples (Cui et al., CVPR 2019), Eq. 11 (gamma = 0, sigmoid) and
    Eq. 12-13. The gradient passes through the focal factor. Soft labels are exact and cost no more than integer labels.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels y [batch, C].
        y_pred: logits z [batch, C].
        class_counts: training images per class n [C].
        beta: in [0, 1). 0 gives equal weights.
        gamma: exponent of the focal factor; 0 switches it off.
        activation: "sigmoid" (the paper's) or "softmax".

    Returns:
        loss per sample [batch], in float32 or float64, not divided by any sum of weights.

    Raises:
        ValueError: if `activation` is unknown, `beta` is outside [0, 1), or the shapes do not fit.
    """
    logits = ops.cast(y_pred, float32_or_float64(y_pred.dtype))
    counts = ClassCounts(class_counts).require(logits.shape[-1])
    weights = ops.convert_to_tensor(effective_number_weights(counts, beta), dtype=logits.dtype)
    labels = soft_labels(y_true, logits.shape[-1], logits.dtype) * weights
    if activation == "softmax":
        return weighted_focal_sum(labels, -ops.log_softmax(logits, axis=-1), None, gamma, detach=False)
    if activation != "sigmoid":
        raise ValueError(f"`activation` must be one of {ACTIVATIONS}. Received: activation={activation!r}")

    # Losses of each class as the target (own) and as any other class; both factors are 0 or positive.
    own, other = (-ops.log_sigmoid(z) for z in (logits, -logits))
    if gamma:
        own, other = (losses * focal_factor(losses, gamma) for losses in (own, other))
    as_other = ops.sum(labels, axis=-1, keepdims=True) - labels
    return ops.sum(labels * own + as_other * other, axis=-1)


@register("class_balanced_focal")
@keras.saving.register_keras_serializable(package="ltzoo")
class ClassBalancedFocal(FunctionLoss):
    """Class-balanced focal loss; see `class_balanced_focal`. gamma = 0 is the class-balanced sigmoid loss.

    Args:
        class_counts: training images per class n [C].
        beta: in [0, 1); 0.9999 and 0.999 in the paper's best settings for CIFAR.
        gamma: exponent of the focal factor, at least 0; 0.5, 1 or 2 in the paper.
        activation: "sigmoid" (default, the paper's) or "softmax". With sigmoids, start the last layer's bias at
            -log(C - 1), as the paper does (Section 4.4). Otherwise the first steps only push all logits down.
        average: "batch" (default): sum_i l_i / B with batch size B, as published. "weights": sum_i l_i / sum_i w_i.
        reduction, name, dtype: see `keras.losses.Loss`.

    Raises:
        ValueError: if the counts are invalid, `beta` is outside [0, 1), `gamma` is negative, or `activation` or
            `average` is unknown.
    """

    function = staticmethod(class_balanced_focal)

    @checked
    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        beta: BelowOne = 0.9999,
        gamma: NonNegative = 1.0,
        activation: str = "sigmoid",
        average: str = "batch",
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "class_balanced_focal",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        one_of("activation", activation, ACTIVATIONS)
        self.class_counts = ClassCounts(class_counts)
        self.beta = float(beta)
        self.gamma = float(gamma)
        self.activation = activation
        self.average = check_average(average)
        self._weights = effective_number_weights(self.class_counts, self.beta)

    def function_arguments(self):
        """Return the arguments of `class_balanced_focal`."""
        arguments = self.arguments()
        del arguments["average"]
        return arguments

    def mean_weights(self):
        """Return the class weights [C] for `average="weights"`, else None."""
        return self._weights if self.average == "weights" else None
