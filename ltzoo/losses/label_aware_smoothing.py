"""Label-aware smoothing (MiSLAS): smooth the labels of frequent classes more."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Fraction, Positive, one_of
from ltzoo.class_counts import ClassCounts
from ltzoo.contracts.label_tensors import refuses_wrong_labels
from ltzoo.losses.cross_entropy import cross_entropy
from ltzoo.losses.function_loss import FunctionLoss
from ltzoo.losses.registry import register
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.precision import float32_or_float64

SHAPES = {
    "concave": lambda u, power: np.sin(math.pi / 2 * u),
    "linear": lambda u, power: u,
    "convex": lambda u, power: 1.0 + np.sin(3 * math.pi / 2 + math.pi / 2 * u),
    "power": lambda u, power: u**power,
}
OVERS = ("all", "others")


def label_aware_smoothing_factors(
    class_counts: Sequence[int] | np.ndarray,
    smooth_head: float = 0.3,
    smooth_tail: float = 0.0,
    shape: str = "concave",
    power: float = 1.0,
) -> np.ndarray:
    """Return a smoothing factor e per class, from `smooth_tail` (t) for the rarest to `smooth_head` (h).

    With u = (n - n_min) / (n_max - n_min):

    - "concave": t + (h - t) sin(pi u / 2),
    - "linear": t + (h - t) u,
    - "convex": h + (h - t) sin(3 pi / 2 + pi u / 2),
    - "power": t + (h - t) u^power.

    Improving Calibration for Long-Tailed Recognition (MiSLAS; Zhong et al., CVPR 2021), Eq. 3 and, for "power", Eq. 7.

    Args:
        class_counts: training images per class n [C].
        smooth_head: h, in [0, 1].
        smooth_tail: t, in [0, 1]. The paper requires 0 <= t <= h <= 0.5.
        shape: one of the above. "exp", the published code's word for "power", also works.
        power: exponent of "power", above 0: concave below 1, convex above 1. Other shapes ignore it.

    Returns:
        factors e, float64 [C].

    Raises:
        ValueError: if the counts are invalid or an argument is out of range.

    Deviations: balanced counts, which give 0 / 0 in the published code, have u = 1, so all classes get h. The
    published code stores the factors in float32.
    """
    counts = ClassCounts(class_counts)
    for name, value in (("smooth_head", smooth_head), ("smooth_tail", smooth_tail)):
        if not 0 <= value <= 1:
            raise ValueError(f"`{name}` must be in [0, 1]. Received: {name}={value}")
    if not power > 0:
        raise ValueError(f"`power` must be above 0. Received: power={power}")
    if shape != "exp" and shape not in SHAPES:
        raise ValueError(f"`shape` must be one of {', '.join(SHAPES)}. Received: shape={shape!r}")
    spread = counts.largest - counts.smallest
    u = (counts.array - counts.smallest) / spread if spread else np.ones(len(counts))
    return smooth_tail + (smooth_head - smooth_tail) * SHAPES["power" if shape == "exp" else shape](u, power)


@refuses_wrong_labels
def label_aware_smoothing(y_true: Any, y_pred: Any, *, factors: Any, over: str = "all") -> Any:
    """Compute the cross-entropy with smoothed labels per sample.

    An integer label y becomes 1 - e_y on the target. With "all", each of the C classes gains e_y / C. With "others",
    each other class gains e_y / (C - 1). Soft labels become the mixture of their classes' smoothed labels.

    Zhong et al. (CVPR 2021), Eq. 1.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels [batch, C].
        y_pred: logits [batch, C].
        factors: e [C]; see `label_aware_smoothing_factors`.
        over: "all" (default; the published code and its numbers) or "others" (the paper's Eq. 1).

    Returns:
        loss per sample [batch], in float32 or float64.

    Raises:
        ValueError: if the shapes do not fit, `over` is unknown, or `over="others"` has no other class.
    """
    dtype, num_classes = float32_or_float64(y_pred.dtype), y_pred.shape[-1]
    if over not in OVERS or (over == "others" and num_classes < 2):
        raise ValueError(
            f"`over` must be one of {OVERS}, and 'others' needs two classes or more. "
            f"Received: over={over!r}, num_classes={num_classes}"
        )
    factors = ops.convert_to_tensor(factors, dtype=dtype)
    if tuple(factors.shape) != (num_classes,):
        raise ValueError(
            f"`factors` must have one number for each of the {num_classes} logits. "
            f"Received: factors of shape {tuple(factors.shape)}"
        )
    labels = soft_labels(y_true, num_classes, dtype)
    taken = labels * factors
    spread = ops.sum(taken, axis=-1, keepdims=True)
    given = spread / num_classes if over == "all" else (spread - taken) / (num_classes - 1)
    return cross_entropy(labels - taken + given, y_pred)


@register("label_aware_smoothing")
@keras.saving.register_keras_serializable(package="ltzoo")
class LabelAwareSmoothing(FunctionLoss):
    """Label-aware smoothing loss; see `label_aware_smoothing` and `label_aware_smoothing_factors`.

    Args:
        class_counts: training images per class n [C].
        smooth_head: smoothing of the most frequent class. The published stage 2 for imbalance factor 100 uses 0.3 for
            CIFAR-10 and 0.4 for CIFAR-100.
        smooth_tail: smoothing of the rarest class; 0.0 for CIFAR-10, 0.1 for CIFAR-100.
        shape: "concave" (the paper's choice), "linear", "convex" or "power".
        power: exponent of "power".
        over: "all" classes (published code) or "others" (paper).
        reduction, name, dtype: see `keras.losses.Loss`.

    Raises:
        ValueError: if the counts are invalid or an argument is out of range.
    """

    function = staticmethod(label_aware_smoothing)

    @checked
    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        smooth_head: Fraction = 0.3,
        smooth_tail: Fraction = 0.0,
        shape: str = "concave",
        power: Positive = 1.0,
        over: str = "all",
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "label_aware_smoothing",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        one_of("over", over, OVERS)
        self.class_counts = ClassCounts(class_counts)
        self.smooth_head, self.smooth_tail = float(smooth_head), float(smooth_tail)
        self.shape, self.power, self.over = shape, float(power), over
        self._factors = label_aware_smoothing_factors(
            self.class_counts, self.smooth_head, self.smooth_tail, self.shape, self.power
        )

    def function_arguments(self):
        """Return the arguments of `label_aware_smoothing`: the factors and `over`."""
        return {"factors": self._factors, "over": self.over}
