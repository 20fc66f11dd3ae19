"""Cross-entropy with a penalty on confident predictions of frequent classes (ABC-Norm)."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Fraction, NonNegative
from ltzoo.class_counts import ClassCounts
from ltzoo.contracts.label_tensors import refuses_wrong_labels
from ltzoo.losses.cross_entropy import cross_entropy
from ltzoo.losses.function_loss import FunctionLoss
from ltzoo.losses.registry import register
from ltzoo.precision import float32_or_float64


@refuses_wrong_labels
def adaptive_batch_confusion(
    y_true: Any,
    y_pred: Any,
    *,
    class_counts: Sequence[int] | np.ndarray,
    tau: float = 0.5,
    power: float = 0.5,
) -> Any:
    """Compute (1 - tau) CE + tau sum_c (w_c p_c)^2 per sample, with p = softmax(z) and w_c = (n_c / mean n)^power.

    Adaptive Batch Confusion Norm (Hsu et al., ABC-Norm Regularization for Fine-Grained and Long-Tailed Image
    Classification, IEEE TIP 2023), in the form of the released ABC-Norm/ABC-Norm: loss/BRLoss.py with the weights of
    `adjust_type1` in utils/tools.py. The mean over a batch is the squared Frobenius norm of the weighted predictions,
    over the batch size.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels y [batch, C].
        y_pred: logits z [batch, C].
        class_counts: training images per class n [C].
        tau: share of the penalty; 0 is cross-entropy.
        power: exponent of the relative counts; 0 weighs all classes equally.

    Returns:
        loss per sample [batch], in float32 or float64.
    """
    logits = ops.cast(y_pred, float32_or_float64(y_pred.dtype))
    counts = ClassCounts(class_counts).require(logits.shape[-1]).array
    weights = ops.convert_to_tensor((counts / counts.mean()) ** power, dtype=logits.dtype)
    penalty = ops.sum(ops.square(weights * ops.softmax(logits, axis=-1)), axis=-1)
    return (1.0 - tau) * cross_entropy(y_true, logits) + tau * penalty


@register("adaptive_batch_confusion")
@keras.saving.register_keras_serializable(package="ltzoo")
class AdaptiveBatchConfusion(FunctionLoss):
    """ABC-Norm on logits; see `adaptive_batch_confusion`.

    Args:
        class_counts: training images per class n [C].
        tau: share of the penalty, from 0 to 1; 0.5 in the released scripts.
        power: exponent of the relative counts; 0.5 in the released scripts.
        reduction, name, dtype: see `keras.losses.Loss`.

    Raises:
        ValueError: `tau` is outside [0, 1], `power` is negative, or the counts are invalid.
    """

    function = staticmethod(adaptive_batch_confusion)

    @checked
    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        tau: Fraction = 0.5,
        power: NonNegative = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "adaptive_batch_confusion",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.class_counts = ClassCounts(class_counts)
        self.tau = float(tau)
        self.power = float(power)
