"""Cross-entropy of logits with the class prior added, and the same correction after training."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.class_counts import validate_class_counts
from ltzoo.losses.counts import counts_of_logits
from ltzoo.losses.cross_entropy import checked_label_smoothing, cross_entropy
from ltzoo.losses.function_loss import FunctionLoss
from ltzoo.losses.registry import register
from ltzoo.precision import float32_or_float64


def log_prior(class_counts: Sequence[int] | np.ndarray, label_smoothing: float = 0.0) -> np.ndarray:
    """log((1 - e) n_k / N + e / C), float64 [C]: of the labels after smoothing by e, which is 0 by default."""
    counts = validate_class_counts(class_counts)
    return np.log((1.0 - label_smoothing) * counts / counts.sum() + label_smoothing / len(counts))


def logit_adjustment(
    y_true: Any,
    y_pred: Any,
    *,
    class_counts: Sequence[int] | np.ndarray,
    tau: float = 1.0,
    label_smoothing: float = 0.0,
) -> Any:
    """Logit-adjusted softmax loss of each sample: cross-entropy of z + tau log(n / N).

    Long-tail Learning via Logit Adjustment (Menon et al., ICLR 2021), Eq. 10. Predictions use z itself.

    Args:
        y_true: Integer labels [batch] or [batch, 1], or soft labels [batch, C].
        y_pred: Logits z [batch, C].
        class_counts: Training images of each class, [C].
        tau: Strength; 0 is cross-entropy, 1 is consistent for the balanced error.
        label_smoothing: Share e of every label that is spread evenly over all classes; not in the paper. The prior is
            that of the smoothed labels, (1 - e) n / N + e / C: with n / N rare classes would be preferred for images of
            which the model knows nothing.

    Returns:
        [batch], in float32 at least.
    """
    shifted = _shifted(y_pred, class_counts, tau, label_smoothing)
    return cross_entropy(y_true, shifted, label_smoothing=label_smoothing)


def post_hoc_logit_adjustment(logits: Any, class_counts: Sequence[int] | np.ndarray, tau: float = 1.0) -> Any:
    """z - tau log(n / N) (Menon et al., Eq. 9): corrects the logits of a classifier trained with cross-entropy.

    Args:
        logits: z [batch, C].
        class_counts: Training images of each class, [C].
        tau: Strength.

    Returns:
        [batch, C], in float32 at least.
    """
    return _shifted(logits, class_counts, -tau)


def _shifted(logits, class_counts, tau, label_smoothing=0.0):
    logits = ops.cast(logits, float32_or_float64(logits.dtype))
    shift = tau * log_prior(counts_of_logits(class_counts, logits.shape[-1]), label_smoothing)
    return logits + ops.convert_to_tensor(shift, dtype=logits.dtype)


@register("logit_adjustment")
@keras.saving.register_keras_serializable(package="ltzoo")
class LogitAdjustment(FunctionLoss):
    """Logit-adjusted softmax loss; see ``logit_adjustment``.

    Args:
        class_counts: Training images of each class, [C].
        tau: Strength; 1 in the paper's main results.
        label_smoothing: Share of every label that is spread evenly over all classes, 0 to 1.
        reduction, name, dtype: As in ``keras.losses.Loss``.

    Raises:
        ValueError: If the counts are not valid.
    """

    function = staticmethod(logit_adjustment)

    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        tau: float = 1.0,
        label_smoothing: float = 0.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "logit_adjustment",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.class_counts = validate_class_counts(class_counts)
        self.tau = float(tau)
        self.label_smoothing = checked_label_smoothing(label_smoothing)
