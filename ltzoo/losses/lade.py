"""LADE: post-compensated softmax with a regularizer that removes the label distribution from the logits."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import NonNegative, one_of
from ltzoo.class_counts import ClassCounts
from ltzoo.contracts.label_tensors import refuses_wrong_labels
from ltzoo.losses.balanced_softmax import balanced_softmax
from ltzoo.losses.function_loss import FunctionLoss
from ltzoo.losses.registry import register
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.precision import float32_or_float64

IMPORTANCES = ("sample", "class")


def label_distribution_regularizer(
    y_true: Any,
    y_pred: Any,
    *,
    class_counts: Sequence[int] | np.ndarray,
    penalty: float = 0.1,
    importance: str = "sample",
) -> Any:
    """Compute LADER: the distance of the logits from log p(x|c) / p_u(x), by a regularized Donsker-Varadhan estimate.

    LADER = sum_c p_s(c) R_c, with

        T_c = log( 1/B sum_i (p_u(y_i) / p_s(y_i)) exp(f_c(x_i)) )
        R_c = -1/B_c sum_{i: y_i = c} f_c(x_i) + T_c + penalty T_c^2

    Here p_s(c) = n_c / N is the training label distribution, p_u(c) = 1/C the uniform one, B the batch size and B_c the
    number of its images of class c. The first term of R_c is 0 for a class that the batch lacks.

    Disentangling Label Distribution for Long-tailed Visual Recognition (Hong et al., CVPR 2021), section 3.3.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels [batch, C], which count by their shares.
        y_pred: logits f [batch, C].
        class_counts: training images per class n [C].
        penalty: lambda, the weight of T_c^2.
        importance: "sample" weights image i by p_u(y_i) / p_s(y_i), as the paper's estimate of the expectation under
            p_u(x) needs. "class" uses p_u(c) / p_s(c) of the logit's class, as the published code does. The default is
            the paper's, because only it is an importance-weighted mean over x.

    Returns:
        regularizer of the whole batch, a scalar in float32 or float64.

    Raises:
        ValueError: if `importance` is unknown or the shapes do not fit.
    """
    dtype = float32_or_float64(y_pred.dtype)
    logits = ops.cast(y_pred, dtype)
    labels = soft_labels(y_true, logits.shape[-1], dtype)
    counts = ClassCounts(class_counts).require(logits.shape[-1])
    prior = counts.prior
    ratio = 1.0 / (len(counts) * prior)
    in_batch = ops.sum(labels, axis=0)
    own = ops.sum(labels * logits, axis=0) / ops.where(in_batch > 0, in_batch, ops.ones_like(in_batch))
    log_size = ops.log(ops.cast(ops.shape(logits)[0], dtype))
    if importance == "sample":
        log_ratio = ops.log(ops.matmul(labels, ops.convert_to_tensor(ratio[:, None].astype(dtype))))
        all_ = ops.logsumexp(logits + log_ratio, axis=0) - log_size
    elif importance == "class":
        all_ = ops.logsumexp(logits, axis=0) - log_size + ops.convert_to_tensor(np.log(ratio).astype(dtype))
    else:
        raise ValueError(f"`importance` must be one of {IMPORTANCES}. Received: importance={importance!r}")
    weight = ops.convert_to_tensor(prior.astype(dtype))
    return ops.sum(weight * (all_ - own + penalty * ops.square(all_)))


@refuses_wrong_labels
def lade(
    y_true: Any,
    y_pred: Any,
    *,
    class_counts: Sequence[int] | np.ndarray,
    alpha: float = 0.1,
    penalty: float = 0.1,
    importance: str = "sample",
) -> Any:
    """Compute the LADE loss per sample: the cross-entropy of f + log p_s, plus alpha LADER.

    Hong et al. (CVPR 2021), sections 3.2 and 3.3. The post-compensated (PC) softmax adds the training prior p_s in
    training, so f itself is free of it. For a test set with label distribution p_t, predict the softmax of f + log p_t.
    With a uniform p_t these are the logits f, unchanged. LADER is the same number for all samples.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels y [batch, C].
        y_pred: logits f [batch, C].
        class_counts: training images per class n [C].
        alpha: weight of LADER; 0 leaves the PC softmax, which is the balanced softmax of Ren et al. (2020).
        penalty, importance: see `label_distribution_regularizer`.

    Returns:
        loss per sample [batch], in float32 or float64. Its mean over the batch is the published loss.
    """
    class_counts = ClassCounts(class_counts)
    losses = balanced_softmax(y_true, y_pred, class_counts=class_counts)
    if not alpha:
        return losses
    return losses + alpha * label_distribution_regularizer(
        y_true, y_pred, class_counts=class_counts, penalty=penalty, importance=importance
    )


@register("lade")
@keras.saving.register_keras_serializable(package="ltzoo")
class LADE(FunctionLoss):
    """LADE loss on logits; see `lade`. It is defined on the whole batch, so keep the default reduction, the mean.

    Args:
        class_counts: training images per class n [C].
        alpha: weight of the regularizer; 0.1 in the released settings for CIFAR-100-LT.
        penalty: lambda inside the regularizer. The released settings for CIFAR-100-LT use 0.1, and 0.01 for imbalance
            factor 100.
        importance: "sample" (paper) or "class" (published code).
        reduction, name, dtype: see `keras.losses.Loss`.

    Raises:
        ValueError: if `alpha` or `penalty` is negative, `importance` is unknown, or the counts are invalid.

    Deviation from the published code: it adds 1e-9 to the priors and 1e-8 to the images per class in the batch.
    Nothing is added here.
    """

    function = staticmethod(lade)

    @checked
    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        alpha: NonNegative = 0.1,
        penalty: NonNegative = 0.1,
        importance: str = "sample",
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "lade",
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        one_of("importance", importance, IMPORTANCES)
        self.class_counts = ClassCounts(class_counts)
        self.alpha = float(alpha)
        self.penalty = float(penalty)
        self.importance = importance
