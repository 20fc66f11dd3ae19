"""Cross-entropy of logits with the class prior added, and the same correction after training."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.class_counts import ClassCounts
from ltzoo.losses.cross_entropy import checked_label_smoothing, cross_entropy
from ltzoo.losses.function_loss import FunctionLoss
from ltzoo.losses.registry import register
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.precision import float32_or_float64

SMOOTHED_TOWARD = ("uniform", "prior")


def log_prior(
    class_counts: Sequence[int] | np.ndarray, label_smoothing: float = 0.0, smooth_toward: str = "uniform"
) -> np.ndarray:
    """log((1 - e) n_k / N + e q_k), float64 [C]: of the labels after smoothing by e, which is 0 by default."""
    counts = ClassCounts(class_counts)
    toward = smoothing_target(counts, smooth_toward)
    return np.log((1.0 - label_smoothing) * counts.array / counts.total + label_smoothing * toward)


def smoothing_target(class_counts: Sequence[int] | np.ndarray, smooth_toward: str) -> np.ndarray:
    """q, what labels are smoothed toward, float64 [C]: 1 / C for "uniform", n / N for "prior"."""
    if smooth_toward not in SMOOTHED_TOWARD:
        raise ValueError(
            f"smooth_toward must be one of {SMOOTHED_TOWARD}. Received: smooth_toward={smooth_toward!r}"
        )
    counts = ClassCounts(class_counts)
    return counts.prior if smooth_toward == "prior" else np.full(len(counts), 1.0 / len(counts))


def logit_adjustment(
    y_true: Any,
    y_pred: Any,
    *,
    class_counts: Sequence[int] | np.ndarray,
    tau: float = 1.0,
    label_smoothing: float = 0.0,
    smooth_toward: str = "uniform",
) -> Any:
    """Logit-adjusted softmax loss of each sample: cross-entropy of z + tau log(n / N).

    Long-tail Learning via Logit Adjustment (Menon et al., ICLR 2021), Eq. 10. Predictions use z itself.

    Args:
        y_true: Integer labels [batch] or [batch, 1], or soft labels [batch, C].
        y_pred: Logits z [batch, C].
        class_counts: Training images of each class, [C].
        tau: Strength; 0 is cross-entropy, 1 is consistent for the balanced error.
        label_smoothing: Share e of every label that is spread over all classes; not in the paper. The prior is that of
            the smoothed labels, (1 - e) n / N + e q: with n / N and q = 1 / C rare classes would be preferred for
            images of which the model knows nothing.
        smooth_toward: What q is: "uniform", 1 / C, or "prior", n / N. With 1 / C the share that a rare class gets of
            every label is most of its prior, and predictions, which are without the prior, give all rare classes
            some of the probability of every image: they are far too unsure. With n / N all classes are given the same,
            little.

    Returns:
        [batch], in float32 at least.
    """
    class_counts = ClassCounts(class_counts)
    shifted = _shifted(y_pred, class_counts, tau, label_smoothing, smooth_toward)
    labels = soft_labels(y_true, shifted.shape[-1], shifted.dtype)
    toward = ops.convert_to_tensor(smoothing_target(class_counts, smooth_toward), dtype=shifted.dtype)
    return cross_entropy((1.0 - label_smoothing) * labels + label_smoothing * toward, shifted)


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


def _shifted(logits, class_counts, tau, label_smoothing=0.0, smooth_toward="uniform"):
    logits = ops.cast(logits, float32_or_float64(logits.dtype))
    counts = ClassCounts(class_counts).require(logits.shape[-1])
    shift = tau * log_prior(counts, label_smoothing, smooth_toward)
    return logits + ops.convert_to_tensor(shift, dtype=logits.dtype)


@register("logit_adjustment")
@keras.saving.register_keras_serializable(package="ltzoo")
class LogitAdjustment(FunctionLoss):
    """Logit-adjusted softmax loss; see ``logit_adjustment``.

    Args:
        class_counts: Training images of each class, [C].
        tau: Strength; 1 in the paper's main results.
        label_smoothing: Share of every label that is spread over all classes, 0 to 1.
        smooth_toward: "uniform" to spread it evenly, "prior" in proportion to the class counts.
        reduction, name, dtype: As in ``keras.losses.Loss``.

    Raises:
        ValueError: If the counts or ``label_smoothing`` are not valid, or ``smooth_toward`` is something else.
    """

    function = staticmethod(logit_adjustment)

    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        tau: float = 1.0,
        label_smoothing: float = 0.0,
        smooth_toward: str = "uniform",
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "logit_adjustment",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.class_counts = ClassCounts(class_counts)
        self.tau = float(tau)
        self.label_smoothing = checked_label_smoothing(label_smoothing)
        smoothing_target(self.class_counts, smooth_toward)  # Refuses what it does not know.
        self.smooth_toward = smooth_toward
