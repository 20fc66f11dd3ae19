"""A trained linear classifier with a learned temperature and a learned share of the class prior."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Positive, PositiveInt
from ltzoo.class_counts import ClassCounts
from ltzoo.heads.linear import LinearHead
from ltzoo.heads.registry import register
from ltzoo.losses import log_prior
from ltzoo.protocols import StageView


@register("recalibrated")
@keras.saving.register_keras_serializable(package="ltzoo")
class Recalibrated(LinearHead):
    """Logits s (x W + b) + u log(n / N) of a fixed linear classifier; only s and u train.

    Use it for a classifier trained on labels or images unlike the test's, such as mixed ones. The factor s starts
    at 1 and calibrates the confidence (temperature scaling with T = 1 / s; Guo et al., "On Calibration of Modern
    Neural Networks", ICML 2017, Section 4.2). The share u starts at 0 and adds the part of the prior that the logits
    lack. Two numbers cannot overfit the few images of a rare class, as a re-trained classifier can. Train it on
    augmented images that resemble the test's, with the loss "logit_adjustment"; its tau then decides between frequent
    and rare classes.

    Args:
        num_classes: number of classes C.
        scale: factor of the logits; 1 if the stage has none.
        class_counts: training images n per class, `[C]`; N is their sum.
        name: name of the layer.
        **kwargs: arguments of `LinearHead`.

    Raises:
        ValueError: `class_counts` are invalid, or their number is not `num_classes`.

    Deviation: Guo et al. have no u and fit T on held-out images.
    """

    # Variables that `build` creates.
    factor: Any
    prior_share: Any

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        class_counts: Sequence[int] | np.ndarray = (),
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, scale, **{"learn_kernel": False, **kwargs}, name=name)
        self.class_counts = ClassCounts(class_counts).require(num_classes)
        self.factor = self.prior_share = None

    def build(self, input_shape):
        """Create the weights."""
        super().build(input_shape)
        self.factor = self.add_weight(name="factor", shape=(), initializer="ones", autocast=False)
        self.prior_share = self.add_weight(name="prior_share", shape=(), initializer="zeros", autocast=False)

    def logits(self, features, dtype):
        """Return the unscaled logits of features `[B, D]` in `dtype`."""
        factor, share = (ops.cast(weight, dtype) for weight in (self.factor, self.prior_share))
        prior = ops.convert_to_tensor(log_prior(self.class_counts), dtype)
        return factor * super().logits(features, dtype) + share * prior

    def begin(self, previous: keras.layers.Layer | None, context: StageView) -> None:
        """Copy the previous linear classifier.

        Raises:
            ValueError: there is none, or it is not linear.
        """
        if previous is None:
            raise ValueError(
                "`previous` must be a classifier to recalibrate. Make this the `head` of a later stage. "
                "Received: previous=None"
            )
        self.take_over(previous)

    def class_vectors(self):
        """Return s W, `[D, C]`."""
        return self.merged_weights()[0] / self.scale

    def merged_weights(self) -> tuple[np.ndarray, np.ndarray]:
        """Return kernel `[D, C]` and bias `[C]` of the dense layer with the same logits."""
        factor, share = (float(ops.convert_to_numpy(w.value)) for w in (self.factor, self.prior_share))
        kernel = ops.convert_to_numpy(self.kernel.value) * factor
        bias = 0.0 if self.bias is None else ops.convert_to_numpy(self.bias.value) * factor
        return kernel * self.scale, (bias + share * log_prior(self.class_counts)) * self.scale

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "class_counts": self.class_counts.tolist()}
