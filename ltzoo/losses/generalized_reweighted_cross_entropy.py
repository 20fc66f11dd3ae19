"""Cross-entropy weighted by a power of the inverse class frequencies (DisAlign)."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import NonNegative, one_of
from ltzoo.class_counts import ClassCounts
from ltzoo.contracts.label_tensors import refuses_wrong_labels
from ltzoo.losses.function_loss import FunctionLoss
from ltzoo.losses.registry import register
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.precision import float32_or_float64

AVERAGES = ("weights", "batch")


def generalized_weights(class_counts: Sequence[int] | np.ndarray, exponent: float = 1.2) -> np.ndarray:
    """Return the class weights w_c = C (1 / r_c)^rho / sum_k (1 / r_k)^rho, float64 [C]; their mean is 1.

    Args:
        class_counts: training images per class n [C], which sum to N; the class shares are r_c = n_c / N.
        exponent: rho. 0 gives equal weights, 1 inverse frequencies.
    """
    counts = ClassCounts(class_counts)
    weights = counts.prior ** -float(exponent)
    return len(counts) * weights / weights.sum()


@refuses_wrong_labels
def generalized_reweighted_cross_entropy(
    y_true: Any,
    y_pred: Any,
    *,
    class_counts: Sequence[int] | np.ndarray,
    exponent: float = 1.2,
    average: str = "weights",
) -> Any:
    """Compute the cross-entropy l = -sum_k w_k y_k log softmax(z)_k per sample, scaled so that its mean is the loss.

    The generalized re-weighting of DisAlign (Zhang et al., CVPR 2021, Section 3). It is the divergence of the
    prediction from a reference distribution in which an image of class c weighs w_c (see `generalized_weights`).

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels y [batch, C].
        y_pred: logits z [batch, C].
        class_counts: training images per class n [C].
        exponent: rho of `generalized_weights`.
        average: "weights" (the released code): the mean over the batch is sum_i l_i / sum_i w_i, with
            w_i = sum_k w_k y_ik. "batch" (the paper): it is sum_i l_i / B, with batch size B.

    Returns:
        loss per sample [batch], in float32 or float64.
    """
    dtype = float32_or_float64(y_pred.dtype)
    logits = ops.cast(y_pred, dtype)
    counts = ClassCounts(class_counts).require(logits.shape[-1])
    weights = ops.convert_to_tensor(generalized_weights(counts, exponent), dtype=dtype)
    weighted = soft_labels(y_true, logits.shape[-1], dtype) * weights
    loss = -ops.sum(weighted * ops.log_softmax(logits, axis=-1), axis=-1)
    if average == "batch":
        return loss
    return loss * ops.cast(ops.shape(loss)[0], dtype) / ops.sum(weighted)


@register("generalized_reweighted_cross_entropy")
@keras.saving.register_keras_serializable(package="ltzoo")
class GeneralizedReweightedCrossEntropy(FunctionLoss):
    """Loss of DisAlign; see `generalized_reweighted_cross_entropy`.

    Args:
        class_counts: training images per class n [C].
        exponent: rho, at least 0; 1.2 in the released configuration for ImageNet-LT.
        average: "weights" (default, used for the published numbers) or "batch" (the paper's formula).
        reduction, name, dtype: see `keras.losses.Loss`.

    Raises:
        ValueError: if the counts are invalid, `exponent` is negative, or `average` is unknown.
    """

    function = staticmethod(generalized_reweighted_cross_entropy)

    @checked
    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        exponent: NonNegative = 1.2,
        average: str = "weights",
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "generalized_reweighted_cross_entropy",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        one_of("average", average, AVERAGES)
        self.class_counts = ClassCounts(class_counts)
        self.exponent = float(exponent)
        self.average = average
