"""Gaussian clouded logit loss (GCL) with target margin, focal factor and class weights."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.contracts.label_tensors import refuses_wrong_labels
from ltzoo.losses.registry import register
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.losses.target_margin import TargetMarginLoss, target_margin_cross_entropy, weighted_focal_sum
from ltzoo.precision import float32_or_float64


@refuses_wrong_labels
def gaussian_clouded_logit(
    y_true: Any,
    y_pred: Any,
    *,
    scale: float = 30.0,
    margin: float = 0.0,
    focal_gamma: float = 0.0,
    class_weight: Sequence[float] | np.ndarray | None = None,
    from_cosine: bool = True,
    cloud: Any = None,
) -> Any:
    """Compute the Gaussian clouded logit loss per sample.

    loss = sum_k y_k (1 - p_k)^gamma l_k, with

        z_j = s (cosine_j - cloud_j)
        ce_k = -log softmax(z - s m e_k)_k, with the unit vector e_k of class k
        l_k = w_k ce_k
        p_k = exp(-l_k), constant in differentiation

    Long-tailed Visual Recognition via Gaussian Clouded Logit Adjustment (Li et al., CVPR 2022), Eq. 11 and 12. The
    target margin m, the focal factor and the class weights w come from its published code. The sum over k is exact
    for soft labels and costs no more than for integer labels.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels y [batch, C].
        y_pred: cosines between feature and class vectors [batch, C]; scale * cosine if `from_cosine` is False.
        scale: s.
        margin: m, on the cosine.
        focal_gamma: gamma; 0 switches the focal factor off.
        class_weight: w [C], or None for ones. The result is not divided by the weights.
        from_cosine: multiply `y_pred` by `scale` first.
        cloud: amplitude [batch, C] to subtract from the cosine. None if `y_pred` already includes it, as the output of
            `ltzoo.layers.GaussianCloud` does.

    Returns:
        loss per sample [batch], in float32 or float64.

    Raises:
        ValueError: if `y_true` has another shape, or there are fewer than two classes.
    """
    dtype = float32_or_float64(y_pred.dtype)
    logits = ops.cast(y_pred, dtype)
    if from_cosine:
        logits = logits * scale
    if cloud is not None:
        logits = logits - scale * ops.cast(cloud, dtype)
    cross_entropies = target_margin_cross_entropy(logits, scale * margin)
    labels = soft_labels(y_true, logits.shape[-1], dtype)
    return weighted_focal_sum(labels, cross_entropies, class_weight, focal_gamma)


@register("gaussian_clouded_logit")
@keras.saving.register_keras_serializable(package="ltzoo")
class GaussianCloudedLogit(TargetMarginLoss):
    """Gaussian clouded logit loss on cosines that `ltzoo.layers.GaussianCloud` clouds in training.

    See `gaussian_clouded_logit` for the formula. The loss draws no random numbers. In evaluation, where the layer
    adds no cloud, it is the softmax loss with a margin.

    Args:
        scale: s, 30 in the published first stage and 20 in the second (CIFAR).
        margin: margin m on the target's cosine; 0 in the paper, 0.1 in the published second stage.
        focal_gamma: exponent of the focal factor; 0 in the paper, 1 in the published second stage.
        class_weight: C positive weights, or None. Without a focal factor the batch loss is the weighted mean
            sum_i w_i l_i / sum_i w_i, as in PyTorch. With it, the mean is plain and the weights stay inside l and p,
            as published.
        from_cosine: False if the predictions are already scale * cosine; only the margin is scaled then.
        reduction, name, dtype: see `keras.losses.Loss`.

    Raises:
        ValueError: if `scale` or a class weight is not above 0, or `focal_gamma` is negative.

    Deviations from the published code: its default margin is 0.5. Under mixup it calls the loss once per label, each
    time with a new cloud, while both labels share one cloud here. With class weights each of these calls divides by
    its own sum of weights.
    """

    function = staticmethod(gaussian_clouded_logit)
    default_name = "gaussian_clouded_logit"
