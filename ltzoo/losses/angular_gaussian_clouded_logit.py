"""Gaussian clouded logit loss with cloud and margin on the angle instead of the cosine."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import NonNegative, Positive
from ltzoo.contracts.label_tensors import refuses_wrong_labels
from ltzoo.losses.registry import register
from ltzoo.losses.soft_labels import soft_labels
from ltzoo.losses.target_margin import TargetMarginLoss, target_margin_cross_entropy, weighted_focal_sum
from ltzoo.precision import float32_or_float64


@refuses_wrong_labels
def angular_gaussian_clouded_logit(
    y_true: Any,
    y_pred: Any,
    *,
    scale: float = 30.0,
    margin: float = 0.0,
    focal_gamma: float = 0.0,
    class_weight: Sequence[float] | np.ndarray | None = None,
    from_cosine: bool = True,
    easy_margin: bool = False,
    cloud: Any = None,
) -> Any:
    """Compute the angular Gaussian clouded logit loss per sample.

    The logits are z = s out, with

        theta_j = arccos(cosine_j)
        a_j = (pi / 2) cloud_j + m [j = target]
        phi_j = cos(theta_j + a_j)
        out_j = phi_j where cosine_j > cos(pi - a_j), else cosine_j - sin(pi - a_j)

    and with `easy_margin`: out_j = phi_j where cosine_j > 0, else cosine_j. Softmax loss, focal factor and class
    weights are as in `gaussian_clouded_logit` and exact for soft labels.

    The angular variant exists only in the published code of GCL (Li et al., CVPR 2022), not in the paper.

    Args:
        y_true: integer labels [batch] or [batch, 1], or soft labels y [batch, C].
        y_pred: cosines [batch, C], or scale * cosine if `from_cosine` is False. [batch, C, 2] holds them with the
            cloud, as `ltzoo.layers.GaussianCloud(angular=True)` returns them in training.
        scale: s.
        margin: m, in radians.
        focal_gamma: gamma; 0 switches the focal factor off.
        class_weight: w [C], or None for ones. The result is not divided by the weights.
        from_cosine: True if `y_pred` holds plain cosines.
        easy_margin: leave cosines at or below 0 unchanged.
        cloud: cloud [batch, C] as a share of a right angle, noise_multiplier * |epsilon| * delta, if `y_pred` does
            not hold it.

    Returns:
        loss per sample [batch], in float32 or float64.

    Raises:
        ValueError: if `y_true` has another shape, there are fewer than two classes, or the cloud is given twice.

    Deviation: sin(theta) = sqrt(1 - cosine^2) is bounded below by 1e-6, so that a cosine of 1 has a finite gradient.
    """
    dtype = float32_or_float64(y_pred.dtype)
    cosine = ops.cast(y_pred, dtype)
    if len(cosine.shape) == 3:
        if cloud is not None:
            raise ValueError(
                "`cloud` must be None if `y_pred` holds it. "
                f"Received: y_pred of shape {y_pred.shape} and a cloud of shape {cloud.shape}"
            )
        cosine, cloud = cosine[..., 0], cosine[..., 1]
    if not from_cosine:
        cosine = cosine / scale
    angle = ops.zeros_like(cosine) if cloud is None else (math.pi / 2) * ops.cast(cloud, dtype)
    other = scale * _rotated(cosine, angle, easy_margin)
    target = scale * _rotated(cosine, angle + margin, easy_margin)
    cross_entropies = target_margin_cross_entropy(other, other - target)
    labels = soft_labels(y_true, cosine.shape[-1], dtype)
    return weighted_focal_sum(labels, cross_entropies, class_weight, focal_gamma)


def _rotated(cosine, angle, easy_margin):
    sine = ops.sqrt(ops.clip(1.0 - ops.square(cosine), 1e-12, 1.0))
    phi = cosine * ops.cos(angle) - sine * ops.sin(angle)
    if easy_margin:
        return ops.where(cosine > 0, phi, cosine)
    return ops.where(cosine > -ops.cos(angle), phi, cosine - ops.sin(angle))


@register("angular_gaussian_clouded_logit")
@keras.saving.register_keras_serializable(package="ltzoo")
class AngularGaussianCloudedLogit(TargetMarginLoss):
    """Angular Gaussian clouded logit loss; see `angular_gaussian_clouded_logit`.

    In training it takes the outputs of `ltzoo.layers.GaussianCloud(angular=True)`, [batch, C, 2]. In evaluation, where
    there is no cloud, it takes [batch, C].

    Args:
        scale: s.
        margin: margin m on the target's angle, in radians.
        focal_gamma: exponent of the focal factor; 0 switches it off.
        class_weight: C positive weights, or None; used as in `GaussianCloudedLogit`.
        from_cosine: False if the predictions are already scale * cosine.
        easy_margin: leave cosines at or below 0 unchanged.
        reduction, name, dtype: see `keras.losses.Loss`.

    Raises:
        ValueError: if `scale` or a class weight is not above 0, or `focal_gamma` is negative.
    """

    function = staticmethod(angular_gaussian_clouded_logit)
    default_name = "angular_gaussian_clouded_logit"

    @checked
    def __init__(
        self,
        scale: Positive = 30.0,
        margin: float = 0.0,
        focal_gamma: NonNegative = 0.0,
        class_weight: Sequence[float] | np.ndarray | None = None,
        from_cosine: bool = True,
        easy_margin: bool = False,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | keras.DTypePolicy | None = None,
    ) -> None:
        super().__init__(scale, margin, focal_gamma, class_weight, from_cosine, reduction, name, dtype)
        self.easy_margin = bool(easy_margin)
