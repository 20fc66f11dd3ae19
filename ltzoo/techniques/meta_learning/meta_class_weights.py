"""Class weights, corrected for each image by meta-learning (Jamal et al. 2020)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.checks import BelowOne, NonNegative
from ltzoo.class_counts import ClassCounts
from ltzoo.techniques.meta_learning.base import MetaWeighting
from ltzoo.techniques.registry import register


@register("meta_class_weights")
@keras.saving.register_keras_serializable(package="ltzoo")
class MetaClassWeights(MetaWeighting):
    """Add to the class weight of each image what a virtual step says that it lacks.

        w'(e) = w - r d/dw sum_i (c_{y_i} + e_i) l_i(w),   e_i = -step dM(w'(e)) / de_i at e = 0
        loss = mean_i (c_{y_i} + e_i) l_i
        c_j = C E_j^-1 / sum_k E_k^-1, with the effective number E_j = (1 - beta^n_j) / (1 - beta)

    l_i is the cross-entropy of image i, M the mean cross-entropy of the meta batch, and r the learning rate. The
    virtual step takes a sum over images and the real one a mean, as in the released code. Neither clips or normalizes
    the weights.

    Jamal, Brown, Yang, Wang and Gong, Rethinking Class-Balanced Methods for Long-Tailed Visual Recognition from a
    Domain Adaptation Perspective, CVPR 2020, Algorithm 1, as in the released abdullahjamal/Longtail_DA, C-LT/main.py.
    See `MetaWeighting` for batches, meta images and cost.

    Args:
        class_counts: training images per class n [C]; filled in by the classifier.
        beta: of the effective number; 0.9999 in the released code.
        step: size of the step of e; 0.01 in the released code.

    Raises:
        ValueError: an argument is out of range, the sampler has no companion, or mixup is on.
    """

    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        beta: BelowOne = 0.9999,
        step: NonNegative = 0.01,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.class_counts = ClassCounts(class_counts)
        self.beta = float(beta)
        self.step = float(step)
        share = (1 - self.beta) / -np.expm1(self.class_counts.array * np.log(self.beta))
        self._class_weights = (share * len(share) / share.sum()).astype("float32")

    def image_weights(self, labels: Any, losses: Any, through_step: Callable[..., list[Any]]) -> Any:
        """Return (c_y + e) / B."""
        classes = ops.reshape(ops.cast(labels, "int32"), (-1,))
        own = ops.cast(ops.take(ops.convert_to_tensor(self._class_weights), classes), losses.dtype)
        (gradients,) = through_step([ops.zeros_like(losses)], lambda parameters, _: own + parameters[0])
        return (own - self.step * gradients) / ops.cast(ops.shape(losses)[0], losses.dtype)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "class_counts": self.class_counts.tolist(),
            "beta": self.beta,
            "step": self.step,
        }
