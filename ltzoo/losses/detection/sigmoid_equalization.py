"""Sigmoid equalization loss: objects of other classes do not push rare classes down."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import NonNegative, PositiveInt
from ltzoo.class_counts import ClassCounts
from ltzoo.losses.detection.box_labels import refuses_wrong_boxes
from ltzoo.losses.detection.box_loss import BoxLoss
from ltzoo.losses.detection.registry import register
from ltzoo.losses.target_margin import focal_factor
from ltzoo.precision import float32_or_float64

# LVIS calls classes with more training images frequent.
_RARE_UP_TO = 100


@refuses_wrong_boxes
def sigmoid_equalization(
    y_true: Any,
    y_pred: Any,
    *,
    class_counts: Sequence[int] | np.ndarray,
    threshold: float | None = None,
    num_images: int | None = None,
    gamma: float = 0.0,
) -> Any:
    """Compute the sigmoid equalization loss per box.

    loss = sum_j w_j (1 - q_j)^gamma (-log q_j), with w_j = 1 - E T_j (1 - y_j). q_j is sigmoid(z_j) where y_j = 1, else
    sigmoid(-z_j). E is 1 for a box with an object and 0 for background. T_j is 1 for a rare class, else 0.

    Equalization Loss for Long-Tailed Object Recognition (Tan et al., CVPR 2020), Eq. 3-4, at gamma = 0. Background
    still pushes every class down, which keeps false positives rare.

    Args:
        y_true: rows [batch, boxes, C]: one-hot, or zeros for background.
        y_pred: logits z [batch, boxes, C].
        class_counts: training images per class n [C]; an image counts once for each class in it.
        threshold: lambda: class j is rare if n_j / `num_images` is below it. None: if n_j is at most 100, LVIS's rare
            and common classes. The authors' 0.00177 is the same on the 56,740 annotated images of LVIS v0.5.
        num_images: number of training images for `threshold`. None: the sum of `class_counts`, as if every image
            held one class.
        gamma: exponent of a focal factor. 0, the default, is the paper's loss for sampled proposals. Detectors without
            proposals, such as RetinaNet, need about 2 (Lin et al., ICCV 2017), since almost all boxes are background.

    Returns:
        loss per box [batch, boxes], summed over the classes, in float32 or float64.

    Raises:
        ValueError: if the shapes do not fit, or a row is neither one-hot nor zeros.

    Deviation: the focal factor, if `gamma` is above 0. Keras's binary losses take the mean over the classes instead of
    the sum; the paper and the authors' code take the sum.
    """
    dtype = float32_or_float64(y_pred.dtype)
    logits, labels = ops.cast(y_pred, dtype), ops.cast(y_true, dtype)
    counts = ClassCounts(class_counts).require(logits.shape[-1])
    rare = ops.convert_to_tensor(rare_classes(counts, threshold, num_images).astype(dtype))
    # Of two finite losses one is chosen, so that neither gradient is 0 times infinity.
    losses = -ops.log_sigmoid(ops.where(labels > 0, logits, -logits))
    if gamma:
        losses = losses * focal_factor(losses, gamma)
    holds_object = ops.sum(labels, axis=-1, keepdims=True)
    return ops.sum((1.0 - holds_object * rare * (1.0 - labels)) * losses, axis=-1)


def rare_classes(
    class_counts: Sequence[int] | np.ndarray, threshold: float | None = None, num_images: int | None = None
) -> np.ndarray:
    """Return T_j of `sigmoid_equalization`, a bool array [C]."""
    counts = ClassCounts(class_counts)
    if threshold is None:
        return counts.array <= _RARE_UP_TO
    return counts.array / (counts.total if num_images is None else num_images) < threshold


@register("sigmoid_equalization")
@keras.saving.register_keras_serializable(package="ltzoo")
class SigmoidEqualization(BoxLoss):
    """Sigmoid equalization loss of a detector's class logits; see `sigmoid_equalization`.

    `detector.compile(classification_loss=SigmoidEqualization(class_counts, gamma=2.0))` trains a RetinaNet of KerasHub.

    Args:
        class_counts: training images per class n [C].
        threshold: lambda, a share of `num_images`; None: classes with at most 100 images are rare.
        num_images: number of training images; None: the sum of `class_counts`.
        gamma: exponent of the focal factor; 0 in the paper.
        reduction, name, dtype: see `keras.losses.Loss`.

    Raises:
        ValueError: if `threshold` or `gamma` is negative, `num_images` is below the largest count, or the counts are
            invalid.
    """

    function = staticmethod(sigmoid_equalization)

    @checked
    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        threshold: NonNegative | None = None,
        num_images: PositiveInt | None = None,
        gamma: NonNegative = 0.0,
        reduction: str | None = "sum",
        name: str | None = "sigmoid_equalization",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.class_counts = ClassCounts(class_counts)
        if num_images is not None and num_images < self.class_counts.largest:
            raise ValueError(
                f"`num_images` must be at least {self.class_counts.largest}, the images of the most frequent class. "
                f"Received: num_images={num_images}"
            )
        self.threshold = None if threshold is None else float(threshold)
        self.num_images = num_images
        self.gamma = float(gamma)
