"""Weights that a step would need to help balanced images (L2RW)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from ltzoo.techniques.meta_learning.base import MetaWeighting
from ltzoo.techniques.registry import register


@register("learning_to_reweight")
@keras.saving.register_keras_serializable(package="ltzoo")
class LearningToReweight(MetaWeighting):
    """Weigh images by how much a step along their gradient lowers the loss of balanced images (L2RW).

        w'(e) = w - r d/dw sum_i e_i l_i(w),   g_i = dM(w'(e)) / de_i at e = 0
        weight_i = max(-g_i, 0) / sum_j max(-g_j, 0), or 0 if the sum is 0

    l_i is the cross-entropy of image i, M the mean cross-entropy of the meta batch, and r the learning rate.

    Ren, Zeng, Yang and Urtasun, Learning to Reweight Examples for Robust Deep Learning, ICML 2018, Algorithm 1, as in
    the released uber-research/learning-to-reweight-examples, models/reweight_model.py. See `MetaWeighting` for
    batches, meta images and cost.

    Raises:
        ValueError: the sampler has no companion, or mixup is on.
    """

    def image_weights(self, labels: Any, losses: Any, through_step: Callable[..., list[Any]]) -> Any:
        """Return max(-g, 0) over its sum."""
        (gradients,) = through_step([ops.zeros_like(losses)], lambda parameters, _: parameters[0])
        helpful = ops.maximum(-gradients, 0.0)
        total = ops.sum(helpful)
        return helpful / ops.where(total > 0, total, ops.ones_like(total))
