"""Cross-entropy of logits plus the log prior, and the same correction after training."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Fraction, one_of
from ltzoo.class_counts import ClassCounts
from ltzoo.contracts.label_tensors import refuses_wrong_labels
from ltzoo.losses.cross_entropy import checked_label_smoothing, cross_entropy
from ltzoo.losses.function_loss import FunctionLoss
from ltzoo.losses.registry import register
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.precision import float32_or_float64

SMOOTHED_TOWARD = ("uniform", "prior")


def log_prior(
    class_counts: Sequence[int] | np.ndarray, label_smoothing: float = 0.0, smooth_toward: str = "uniform"
) -> np.ndarray:
    """Return the log of the class shares after label smoothing, log((1 - e) n / N + e q), float64 [C].

    Args:
        class_counts: training images per class n [C].
        label_smoothing: e, 0 for no smoothing.
        smooth_toward: name of q; see `smoothing_target`.
    """
    counts = ClassCounts(class_counts)
    toward = smoothing_target(counts, smooth_toward)
    return np.log((1.0 - label_smoothing) * counts.array / counts.total + label_smoothing * toward)


def smoothing_target(class_counts: Sequence[int] | np.ndarray, smooth_toward: str) -> np.ndarray:
    """Return q, the distribution that labels are smoothed toward, float64 [C].

    Args:
        class_counts: training images per class n [C].
        smooth_toward: "uniform" for q = 1 / C, "prior" for q = n / N.

    Raises:
        ValueError: if `smooth_toward` is unknown.
    """
    one_of("smooth_toward", smooth_toward, SMOOTHED_TOWARD)
    counts = ClassCounts(class_counts)
    return counts.prior if smooth_toward == "prior" else np.full(len(counts), 1.0 / len(counts))


@refuses_wrong_labels
def logit_adjustment(
    y_true: Any,
    y_pred: Any,
    *,
    class_counts: Sequence[int] | np.ndarray,
    tau: float = 1.0,
    label_smoothing: float = 0.0,
    smooth_toward: str = "uniform",
) -> Any:
    """Compute the logit-adjusted softmax loss per sample: the cross-entropy of z + tau log(n / N).

    Long-tail Learning via Logit Adjustment (Menon et al., ICLR 2021), Eq. 10. Predictions use z itself.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels y [batch, C].
        y_pred: logits z [batch, C].
        class_counts: training images per class n [C].
        tau: strength; 0 is cross-entropy, 1 is consistent for the balanced error.
        label_smoothing: share e of every label to spread over all classes; not in the paper. The prior is then the
            smoothed one, (1 - e) n / N + e q. With n / N and q = 1 / C instead, the model would prefer rare classes
            for images it knows nothing about.
        smooth_toward: "uniform" for q = 1 / C, "prior" for q = n / N. With 1 / C, smoothing supplies most of the
            prior of a rare class. Predictions omit the prior, so all rare classes receive some probability for every
            image, and predictions become badly under-confident. With n / N every class receives the same small share.

    Returns:
        loss per sample [batch], in float32 or float64.
    """
    class_counts = ClassCounts(class_counts)
    shifted = _shifted(y_pred, class_counts, tau, label_smoothing, smooth_toward)
    labels = soft_labels(y_true, shifted.shape[-1], shifted.dtype)
    toward = ops.convert_to_tensor(smoothing_target(class_counts, smooth_toward), dtype=shifted.dtype)
    return cross_entropy((1.0 - label_smoothing) * labels + label_smoothing * toward, shifted)


def post_hoc_logit_adjustment(logits: Any, class_counts: Sequence[int] | np.ndarray, tau: float = 1.0) -> Any:
    """Return z - tau log(n / N), which corrects the logits of a classifier trained with cross-entropy.

    Menon et al., Eq. 9.

    Args:
        logits: z [batch, C].
        class_counts: training images per class n [C].
        tau: strength.

    Returns:
        corrected logits [batch, C], in float32 or float64.
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
    """Logit-adjusted softmax loss; see `logit_adjustment`.

    Args:
        class_counts: training images per class n [C].
        tau: strength; 1 in the paper's main results.
        label_smoothing: share of every label to spread over all classes, 0 to 1.
        smooth_toward: "uniform" to spread it evenly, "prior" to spread it in proportion to the class counts.
        reduction, name, dtype: see `keras.losses.Loss`.

    Raises:
        ValueError: if the counts or `label_smoothing` are invalid, or `smooth_toward` is unknown.
    """

    function = staticmethod(logit_adjustment)

    @checked
    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        tau: float = 1.0,
        label_smoothing: Fraction = 0.0,
        smooth_toward: str = "uniform",
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "logit_adjustment",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.class_counts = ClassCounts(class_counts)
        self.tau = float(tau)
        self.label_smoothing = checked_label_smoothing(label_smoothing)
        smoothing_target(self.class_counts, smooth_toward)  # Raises if `smooth_toward` is unknown.
        self.smooth_toward = smooth_toward
