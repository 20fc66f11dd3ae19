"""Label-distribution-aware margin loss (LDAM)."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import BelowOne, NonNegative, Positive
from ltzoo.class_counts import ClassCounts, effective_number_weights
from ltzoo.contracts.label_tensors import refuses_wrong_labels
from ltzoo.losses.function_loss import FunctionLoss, checked_class_weight
from ltzoo.losses.registry import register
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.losses.target_margin import target_margin_cross_entropy, weighted_focal_sum
from ltzoo.precision import float32_or_float64


def ldam_margins(class_counts: Sequence[int] | np.ndarray, max_margin: float = 0.5) -> np.ndarray:
    """Return the margins m_k = max_margin (n_min / n_k)^(1/4), float64 [C] (Cao et al., Eq. 12).

    The rarest class has the largest margin. n_min is the smallest of the class counts n.
    """
    counts = ClassCounts(class_counts)
    return max_margin * (counts.smallest / counts.array) ** 0.25


@refuses_wrong_labels
def ldam(
    y_true: Any,
    y_pred: Any,
    *,
    class_counts: Sequence[int] | np.ndarray,
    max_margin: float = 0.5,
    scale: float = 30.0,
    class_weight: Sequence[float] | np.ndarray | None = None,
    from_cosine: bool = True,
) -> Any:
    """Compute the LDAM loss per sample.

    loss = sum_k y_k w_k ce_k, with ce_k = -log softmax(s (cosine - m_k e_k))_k, the unit vector e_k of class k, and
    m_k = max_margin (n_min / n_k)^(1/4).

    Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss (Cao et al., NeurIPS 2019), Eq. 10-13.
    The sum over k is exact for soft labels and costs no more than for integer labels.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels y [batch, C].
        y_pred: cosines between feature and class vectors [batch, C]; scale * cosine if `from_cosine` is False.
        class_counts: training images per class n [C].
        max_margin: margin of the rarest class, on the cosine.
        scale: s.
        class_weight: w [C], or None for ones. The result is not divided by the weights.
        from_cosine: multiply `y_pred` by `scale` first. Otherwise only s m_k is subtracted from it.

    Returns:
        loss per sample [batch], in float32 or float64.

    Raises:
        ValueError: if the shapes do not fit, or there are fewer than two classes.
    """
    logits = ops.cast(y_pred, float32_or_float64(y_pred.dtype))
    if from_cosine:
        logits = logits * scale
    margins = scale * ldam_margins(ClassCounts(class_counts).require(logits.shape[-1]), max_margin)
    cross_entropies = target_margin_cross_entropy(
        logits, ops.convert_to_tensor(margins[None], dtype=logits.dtype)
    )
    labels = soft_labels(y_true, logits.shape[-1], logits.dtype)
    return weighted_focal_sum(labels, cross_entropies, class_weight)


@register("ldam")
@keras.saving.register_keras_serializable(package="ltzoo")
class LDAM(FunctionLoss):
    """LDAM loss on the outputs of a cosine classifier; see `ldam`.

    With class weights, the mean over the batch is sum_i l_i / sum_i w_i, as in the published code.

    Args:
        class_counts: training images per class n [C].
        max_margin: margin of the rarest class; 0.5 in the paper.
        scale: s, 30 in the published code. The paper has no s, but a cosine classifier cannot fit without it.
        beta: in [0, 1). Weights classes by their effective number of images (Cui et al., CVPR 2019). The paper's
            deferred re-weighting (DRW, Algorithm 1) uses 0.9999. None: no weights.
        class_weight: C positive weights to use instead of `beta`, or None.
        from_cosine: False if the predictions are already scale * cosine.
        reduction, name, dtype: see `keras.losses.Loss`.

    Raises:
        ValueError: if `scale` or a class weight is not above 0, `max_margin` is negative, `beta` is outside [0, 1),
            the counts are invalid, or both `beta` and `class_weight` are given.
    """

    function = staticmethod(ldam)

    @checked
    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        max_margin: NonNegative = 0.5,
        scale: Positive = 30.0,
        beta: BelowOne | None = None,
        class_weight: Sequence[float] | np.ndarray | None = None,
        from_cosine: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "ldam",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.class_counts = ClassCounts(class_counts)
        self.max_margin = float(max_margin)
        self.scale = float(scale)
        self.beta = None if beta is None else float(beta)
        self.class_weight = checked_class_weight(class_weight)
        self.from_cosine = bool(from_cosine)
        if self.beta is not None and self.class_weight is not None:
            raise ValueError(
                "`class_weight` must be None if `beta` gives the weights. "
                f"Received: beta={beta}, class_weight={class_weight}"
            )
        self._weights = self.class_weight
        if self.beta is not None:
            self._weights = effective_number_weights(self.class_counts, self.beta)

    def function_arguments(self):
        """Return the arguments of `ldam`, with the class weights that `beta` gives."""
        arguments = self.arguments()
        del arguments["beta"]
        return {**arguments, "class_weight": self._weights}

    def mean_weights(self):
        """Return the class weights [C], or None without any."""
        return self._weights
