"""Adaptive logit adjustment (ALA): a margin that grows with image difficulty and class rarity."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Positive
from ltzoo.class_counts import ClassCounts
from ltzoo.contracts.label_tensors import refuses_wrong_labels
from ltzoo.losses.function_loss import FunctionLoss
from ltzoo.losses.registry import register
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.losses.target_margin import target_margin_cross_entropy
from ltzoo.precision import float32_or_float64


def quantity_factor(class_counts: Sequence[int] | np.ndarray, log_base: float = 2.0) -> np.ndarray:
    """Return QF_c = 1 / log(n_c / n_min + 1), float64 [C].

    The rarest class, with n_min images, has the largest factor: 1 / log 2. `log_base` is the base of the logarithm.
    """
    counts = ClassCounts(class_counts)
    return math.log(log_base) / np.log(counts.array / counts.smallest + 1.0)


@refuses_wrong_labels
def adaptive_logit_adjustment(
    y_true: Any,
    y_pred: Any,
    *,
    class_counts: Sequence[int] | np.ndarray,
    scale: float = 30.0,
    log_base: float = 2.0,
    detach_difficulty: bool = True,
    from_cosine: bool = True,
) -> Any:
    """Compute the ALA loss per sample.

    loss = sum_k y_k l_k, with l_k = -log softmax(s (cosine - A_k e_k))_k and the unit vector e_k of class k. The
    margin is A_k = DF_k QF_k, with the difficulty factor DF_k = (1 - cosine_k) / 2 and the quantity factor
    QF_k = 1 / log(n_k / n_min + 1).

    Adaptive Logit Adjustment Loss for Long-Tailed Visual Recognition (Zhao et al., AAAI 2022). The sum over k is
    exact for soft labels and costs no more than for integer labels.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels y [batch, C].
        y_pred: cosines between feature and class vectors [batch, C]; scale * cosine if `from_cosine` is False.
        class_counts: training images per class n [C].
        scale: s.
        log_base: base of the logarithm in QF. With 2 the rarest class has the factor 1, so both factors lie between
            0 and 1, as in a public re-implementation. `math.e` gives the natural logarithm and margins 1.44 times as
            large.
        detach_difficulty: treat the difficulty as a constant in differentiation, as that re-implementation does.
        from_cosine: multiply `y_pred` by `scale` first.

    Returns:
        loss per sample [batch], in float32 or float64.

    Raises:
        ValueError: if the shapes do not fit, or there are fewer than two classes.
    """
    dtype = float32_or_float64(y_pred.dtype)
    logits = ops.cast(y_pred, dtype)
    if from_cosine:
        logits = logits * scale
    # Rounding may lift a cosine above 1.
    difficulty = ops.clip((1.0 - logits / scale) / 2.0, 0.0, 1.0)
    if detach_difficulty:
        difficulty = ops.stop_gradient(difficulty)
    counts = ClassCounts(class_counts).require(logits.shape[-1])
    quantity = ops.convert_to_tensor(quantity_factor(counts, log_base).astype(dtype))
    cross_entropies = target_margin_cross_entropy(logits, scale * difficulty * quantity)
    return ops.sum(soft_labels(y_true, logits.shape[-1], dtype) * cross_entropies, axis=-1)


@register("adaptive_logit_adjustment")
@keras.saving.register_keras_serializable(package="ltzoo")
class AdaptiveLogitAdjustment(FunctionLoss):
    """ALA loss on the outputs of a cosine classifier; see `adaptive_logit_adjustment`.

    Args:
        class_counts: training images per class n [C].
        scale: s, 30 in the paper.
        log_base: base of the logarithm in the quantity factor, above 1.
        detach_difficulty: treat the difficulty as a constant in differentiation.
        from_cosine: False if the predictions are already scale * cosine.
        reduction, name, dtype: see `keras.losses.Loss`.

    Raises:
        ValueError: if `scale` is not above 0, `log_base` is not above 1, or the counts are invalid.
    """

    function = staticmethod(adaptive_logit_adjustment)

    @checked
    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        scale: Positive = 30.0,
        log_base: float = 2.0,
        detach_difficulty: bool = True,
        from_cosine: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "adaptive_logit_adjustment",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if not log_base > 1:
            raise ValueError(f"`log_base` must be above 1. Received: log_base={log_base}")
        self.class_counts = ClassCounts(class_counts)
        self.scale = float(scale)
        self.log_base = float(log_base)
        self.detach_difficulty = bool(detach_difficulty)
        self.from_cosine = bool(from_cosine)
