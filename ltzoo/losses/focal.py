"""Softmax focal loss."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import NonNegative
from ltzoo.contracts.label_tensors import refuses_wrong_labels
from ltzoo.losses.function_loss import FunctionLoss, checked_class_weight
from ltzoo.losses.registry import register
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.losses.target_margin import weighted_focal_sum
from ltzoo.precision import float32_or_float64


@refuses_wrong_labels
def focal(
    y_true: Any,
    y_pred: Any,
    *,
    gamma: float = 2.0,
    class_weight: Sequence[float] | np.ndarray | None = None,
    detach: bool = False,
) -> Any:
    """Compute the softmax focal loss per sample.

    loss = sum_k y_k (1 - p_k)^gamma l_k, with l_k = -w_k log softmax(z)_k and p_k = exp(-l_k).

    Focal Loss for Dense Object Detection (Lin et al., ICCV 2017), Eq. 4. The softmax form is the baseline of
    long-tailed recognition (Cao et al., NeurIPS 2019). The sum over k is exact for soft labels.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels y [batch, C].
        y_pred: logits z [batch, C].
        gamma: exponent of the focal factor; 0 is cross-entropy.
        class_weight: w [C], or None for ones. It also enters p, as in the published code of Cao et al. The result
            is not divided by the weights.
        detach: treat p as a constant in differentiation, as in the published code of GCL (Li et al., CVPR 2022).
            By default the gradient passes through p, as the formula says.

    Returns:
        loss per sample [batch], in float32 or float64.

    Deviation: the paper's detector has one sigmoid per class; see `class_balanced_focal` for that form.
    """
    logits = ops.cast(y_pred, float32_or_float64(y_pred.dtype))
    labels = soft_labels(y_true, logits.shape[-1], logits.dtype)
    return weighted_focal_sum(labels, -ops.log_softmax(logits, axis=-1), class_weight, gamma, detach)


@register("focal")
@keras.saving.register_keras_serializable(package="ltzoo")
class Focal(FunctionLoss):
    """Softmax focal loss; see `focal`. The mean over the batch is plain, even with class weights.

    Args:
        gamma: exponent of the focal factor, at least 0. The paper's best value for detection is 2. Papers on long
            tails use 1 or 2 (1 in the published code of Cao et al.).
        class_weight: C positive weights inside l and p, or None.
        detach: treat p as a constant in differentiation.
        reduction, name, dtype: see `keras.losses.Loss`.

    Raises:
        ValueError: if `gamma` is negative or a class weight is not above 0.
    """

    function = staticmethod(focal)

    @checked
    def __init__(
        self,
        gamma: NonNegative = 2.0,
        class_weight: Sequence[float] | np.ndarray | None = None,
        detach: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "focal",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.gamma = float(gamma)
        self.class_weight = checked_class_weight(class_weight)
        self.detach = bool(detach)
