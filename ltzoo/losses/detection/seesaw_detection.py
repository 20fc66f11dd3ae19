"""Seesaw loss of a detector: objects against background, and classes of objects against each other."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import BelowOne, NonNegative
from ltzoo.class_counts import ClassCounts
from ltzoo.losses.detection.box_labels import refuses_wrong_boxes
from ltzoo.losses.detection.box_loss import BoxLoss
from ltzoo.losses.detection.registry import register
from ltzoo.losses.seesaw import seesaw
from ltzoo.losses.target_margin import focal_factor
from ltzoo.precision import float32_or_float64


@refuses_wrong_boxes
def seesaw_detection(
    y_true: Any,
    y_pred: Any,
    *,
    class_counts: Sequence[int] | np.ndarray,
    p: float = 0.8,
    q: float = 2.0,
    epsilon: float = 0.0,
    gamma: float = 0.0,
) -> Any:
    """Compute the seesaw loss of a detector per box.

    loss = E seesaw(y, z) + (1 - r)^gamma (-log r). A box with an object has E = 1 and r = sigmoid(o); background has
    E = 0 and r = sigmoid(-o). The objectness is o = log sum_j exp(z_j).

    Seesaw Loss for Long-Tailed Instance Segmentation (Wang et al., CVPR 2021): Eq. 3-7 for the class of an object, and
    an objectness branch, since background has no count that the loss could use. The score of class j is
    sigmoid(o) softmax(z)_j = exp(z_j) / (1 + sum_k exp(z_k)). With p = q = gamma = 0, the loss is the cross-entropy
    of this softmax over the classes and a background logit of 0.

    Args:
        y_true: rows [batch, boxes, C]: one-hot, or zeros for background.
        y_pred: logits z [batch, boxes, C].
        class_counts: training objects per class n [C]. Counts of images serve, too.
        p: exponent of the mitigation; 0 switches it off.
        q: exponent of the compensation; 0 switches it off.
        epsilon: see `ltzoo.losses.seesaw`; 0.01 in the published code.
        gamma: exponent of a focal factor on the objectness. 0, the default, is the paper's cross-entropy for sampled
            proposals. Detectors without proposals, such as RetinaNet, need about 2 (Lin et al., ICCV 2017).

    Returns:
        loss per box [batch, boxes], in float32 or float64.

    Raises:
        ValueError: if the shapes do not fit, or a row is neither one-hot nor zeros.

    Deviations: the objectness comes from the class logits, because a RetinaNet has no further outputs; the paper adds
    two logits for it. n counts the whole training set; see `ltzoo.losses.seesaw`. There is no normalized linear layer.
    """
    dtype = float32_or_float64(y_pred.dtype)
    logits, labels = ops.cast(y_pred, dtype), ops.cast(y_true, dtype)
    num_classes = logits.shape[-1]
    # One integer per row: rows of shares would cost C times as much. Background rows count 0 times.
    classes = ops.reshape(ops.argmax(labels, axis=-1), (-1,))
    rows = ops.reshape(logits, (-1, num_classes))
    of_class = seesaw(classes, rows, class_counts=class_counts, p=p, q=q, epsilon=epsilon)
    holds_object = ops.sum(labels, axis=-1)
    objectness = ops.logsumexp(logits, axis=-1)
    losses = -ops.log_sigmoid(ops.where(holds_object > 0, objectness, -objectness))
    if gamma:
        losses = losses * focal_factor(losses, gamma)
    return losses + holds_object * ops.reshape(of_class, ops.shape(holds_object))


@register("seesaw_detection")
@keras.saving.register_keras_serializable(package="ltzoo")
class SeesawDetection(BoxLoss):
    """Seesaw loss of a detector's class logits; see `seesaw_detection`.

    `detector.compile(classification_loss=SeesawDetection(class_counts, gamma=2.0))` trains a RetinaNet of KerasHub.

    Args:
        class_counts: training objects per class n [C].
        p, q: exponents of mitigation and compensation; 0.8 and 2 in the paper.
        epsilon: lower bound of the target score in the ratio; 0 in the paper, 0.01 in its published code.
        gamma: exponent of the focal factor on the objectness; 0 in the paper.
        reduction, name, dtype: see `keras.losses.Loss`.

    Raises:
        ValueError: if `p`, `q` or `gamma` is negative, `epsilon` is outside [0, 1), or the counts are invalid.
    """

    function = staticmethod(seesaw_detection)

    @checked
    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        p: NonNegative = 0.8,
        q: NonNegative = 2.0,
        epsilon: BelowOne = 0.0,
        gamma: NonNegative = 0.0,
        reduction: str | None = "sum",
        name: str | None = "seesaw_detection",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.class_counts = ClassCounts(class_counts)
        self.p = float(p)
        self.q = float(q)
        self.epsilon = float(epsilon)
        self.gamma = float(gamma)
