"""Gaussian clouded logit loss (GCL) with target margin, focal factor and class weights."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.losses.registry import register
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.losses.target_margin import TargetMarginLoss, target_margin_cross_entropy, weighted_focal_sum
from ltzoo.precision import float32_or_float64


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
    """Gaussian clouded logit loss of each sample.

    z_j = s (cosine_j - cloud_j) ; ce_k = -log softmax(z - s m e_k)_k ; l_k = w_k ce_k ;
    p_k = exp(-l_k), a constant in differentiation ; loss = sum_k y_k (1 - p_k)^gamma l_k.

    Long-tailed Visual Recognition via Gaussian Clouded Logit Adjustment (Li et al., CVPR 2022), Eq. 11 and
    12, with the target margin m, the focal factor and the class weights w of its published code. The sum over
    k is exact for soft labels, and costs no more than for integer ones.

    Args:
        y_true: Integer labels [batch] or [batch, 1], or soft labels [batch, C].
        y_pred: [batch, C], the cosine, or scale * cosine if ``from_cosine`` is False.
        scale: s.
        margin: m, on the cosine.
        focal_gamma: gamma; 0 switches the focal factor off.
        class_weight: w [C], or None for ones. No division by the weights happens here.
        from_cosine: Whether ``y_pred`` still has to be multiplied by ``scale``.
        cloud: Amplitude [batch, C] that is subtracted from the cosine, or None if ``y_pred`` carries it
            already (as the output of ``ltzoo.layers.GaussianCloud`` does).

    Returns:
        [batch], in float32 at least.

    Raises:
        ValueError: If ``y_true`` has another shape, or there are fewer than two classes.
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
    """Gaussian clouded logit loss on cosines that ``ltzoo.layers.GaussianCloud`` has clouded in training.

    The formula is that of ``gaussian_clouded_logit``. The loss itself draws nothing: it is a function of its
    inputs, and in evaluation, where the layer adds no cloud, it is the softmax loss with a margin.

    Args:
        scale: s, 30 in the published first stage and 20 in the second (CIFAR).
        margin: Margin m on the target's cosine; 0 in the paper, 0.1 in the published second stage.
        focal_gamma: Exponent of the focal factor; 0 in the paper, 1 in the published second stage.
        class_weight: C positive weights, or None. Without a focal factor the batch's loss then is the
            weighted mean sum_i w_i l_i / sum_i w_i, as in PyTorch; with it, the plain mean with the weights
            inside l and p, as published.
        from_cosine: False if the predictions are scale * cosine already; then only the margin is scaled.
        reduction, name, dtype: As in ``keras.losses.Loss``.

    Raises:
        ValueError: If ``scale`` or a class weight is not above 0, or ``focal_gamma`` is negative.

    Deviations from the published code: its constructor's default margin is 0.5; under mixup it calls the loss
    once for each label with a new cloud, where here both labels see the same cloud; and with class weights
    each of these calls divides by its own sum of weights.
    """

    function = staticmethod(gaussian_clouded_logit)
    default_name = "gaussian_clouded_logit"
