"""Softmax equalization loss: leave rare classes out of the softmax of other classes' images."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Fraction, NonNegative
from ltzoo.class_counts import ClassCounts
from ltzoo.contracts.label_tensors import refuses_wrong_labels
from ltzoo.losses.function_loss import FunctionLoss
from ltzoo.losses.registry import register
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.losses.target_margin import log_sum_exp_of_others
from ltzoo.precision import float32_or_float64

# A finite stand-in for log 0: its exponential vanishes next to any logit, and differences stay finite.
_LOG_ZERO = -1e37


@refuses_wrong_labels
def equalization(
    y_true: Any,
    y_pred: Any,
    *,
    class_counts: Sequence[int] | np.ndarray,
    threshold: float | None = None,
    beta: Any = 1.0,
) -> Any:
    """Compute the softmax equalization loss per sample.

    loss = sum_j y_j l_j, with l_j = -log [ exp(z_j) / sum_k w_k exp(z_k) ] and w_k = 1 - beta_k T_k (1 - [k = j]).
    T_k is 1 if class k's share of the training images is below `threshold`, else 0.

    Equalization Loss for Long-Tailed Object Recognition (Tan et al., CVPR 2020), Eq. 6-8. Rare classes (T_k = 1)
    mostly escape the gradients that push them down on images of other classes. All l_j together cost O(C) per sample.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels y [batch, C].
        y_pred: logits z [batch, C].
        class_counts: training images per class n [C].
        threshold: lambda, as a share of all training images. None: 0.5 / C, which is 0.005 for CIFAR-100-LT with its
            100 classes.
        beta: number or array in [0, 1] that broadcasts to [batch, C]. The paper draws it in training: 1 with
            probability gamma, else 0. The technique "equalization" in `ltzoo.techniques` makes that draw.

    Returns:
        loss per sample [batch], in float32 or float64.

    Raises:
        ValueError: if the shapes do not fit, or there are fewer than two classes.

    Deviation: the paper has integer labels only. Here soft labels weight the losses of their classes, as mixup does.
    The published formula with a soft y_k inside w_k would not be linear in the labels.
    """
    dtype = float32_or_float64(y_pred.dtype)
    logits = ops.cast(y_pred, dtype)
    num_classes = logits.shape[-1]
    if num_classes < 2:
        raise ValueError(f"`y_pred` must have two classes or more. Received: y_pred of shape {logits.shape}")
    logits = logits - ops.stop_gradient(ops.max(logits, axis=-1, keepdims=True))
    rare = rare_classes(ClassCounts(class_counts).require(num_classes), threshold)
    weight = 1.0 - ops.convert_to_tensor(beta, dtype=dtype) * ops.convert_to_tensor(rare.astype(dtype))
    is_out = weight <= 0.0
    log_weight = ops.log(ops.where(is_out, ops.ones_like(weight), weight))
    others = log_sum_exp_of_others(ops.where(is_out, _LOG_ZERO, logits + log_weight))
    labels = soft_labels(y_true, num_classes, dtype)
    return -ops.sum(labels * ops.log_sigmoid(logits - others), axis=-1)


def rare_classes(class_counts: Sequence[int] | np.ndarray, threshold: float | None = None) -> np.ndarray:
    """Return T_k of `equalization`, a bool array [C]: True where n_k / N < threshold (None: 0.5 / C)."""
    counts = ClassCounts(class_counts)
    limit = 0.5 / len(counts) if threshold is None else threshold
    return counts.prior < limit


@register("equalization")
@keras.saving.register_keras_serializable(package="ltzoo")
class Equalization(FunctionLoss):
    """Softmax equalization loss with a fixed beta; see `equalization`.

    The loss draws no random numbers, so beta is a fixed number. Its expected value gamma gives the expected weights
    w_k = 1 - gamma T_k (1 - y_k). For the random beta of the paper, use the technique "equalization", which calls the
    same function.

    Args:
        class_counts: training images per class n [C].
        threshold: lambda, a share of all training images; None: 0.5 / C.
        beta: 1 leaves rare classes out of other classes' softmax altogether, 0 is plain cross-entropy. 0.9 is the
            gamma of the bag-of-tricks code of Zhang et al. (AAAI 2021).
        reduction, name, dtype: see `keras.losses.Loss`.

    Raises:
        ValueError: if `beta` is outside [0, 1], or the counts or the threshold are invalid.
    """

    function = staticmethod(equalization)

    @checked
    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        threshold: NonNegative | None = None,
        beta: Fraction = 0.9,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "equalization",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.class_counts = ClassCounts(class_counts)
        self.threshold = None if threshold is None else float(threshold)
        self.beta = float(beta)
