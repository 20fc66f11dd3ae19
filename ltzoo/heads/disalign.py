"""A trained classifier whose logits are calibrated per image (DisAlign)."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Positive, PositiveInt
from ltzoo.heads.linear import LinearHead
from ltzoo.heads.registry import register
from ltzoo.protocols import StageView


@register("disalign")
@keras.saving.register_keras_serializable(package="ltzoo")
class DisAlign(LinearHead):
    """Logits sigma(x) (alpha z + beta) + (1 - sigma(x)) z of a fixed linear classifier z = x W + b.

    Distribution alignment (Zhang et al., "Distribution Alignment: A Unified Framework for Long-tail Visual
    Recognition", CVPR 2021, Section 3): alpha and beta are learned per class; the confidence
    sigma(x) = sigmoid(<v, x> + c) is computed per image. Train it with the loss "generalized_reweighted_cross_entropy".

    Args:
        num_classes: number of classes C.
        scale: factor of the logits; 1 if the stage has none.
        initial_magnitude: initial alpha. The authors' code has (1 + sigma(x) a) z + sigma(x) beta with a = 1 at the
            start, so alpha = 1 + a = 2 (default). 1 starts from the unchanged classifier.
        initial_confidence: initial value of every component of v, 0.1 as in the authors' code; c starts at 0.
        learn_kernel: also train W and b; False, as published, keeps the classifier fixed.
        normalize_features: give features length 1 first, to continue a cosine classifier.
        name: name of the layer.
        **kwargs: arguments of `LinearHead`.

    Deviation: c starts at 0; PyTorch draws it from U(-1, 1) / sqrt(D).
    """

    # Variables that `build` creates.
    magnitude: Any
    margin: Any
    confidence_kernel: Any
    confidence_bias: Any

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        initial_magnitude: float = 2.0,
        initial_confidence: float = 0.1,
        learn_kernel: bool = False,
        normalize_features: bool = False,
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, scale, learn_kernel=learn_kernel, **kwargs, name=name)
        self.normalize_features = bool(normalize_features)
        self.initial_magnitude = float(initial_magnitude)
        self.initial_confidence = float(initial_confidence)
        self.magnitude = self.margin = self.confidence_kernel = self.confidence_bias = None

    def build(self, input_shape):
        """Create the weights."""
        super().build(input_shape)

        def weight(name, size, value):
            initializer = keras.initializers.Constant(value)
            return self.add_weight(name=name, shape=(size,), initializer=initializer, autocast=False)

        self.magnitude = weight("magnitude", self.num_classes, self.initial_magnitude)
        self.margin = weight("margin", self.num_classes, 0.0)
        self.confidence_kernel = weight("confidence_kernel", input_shape[-1], self.initial_confidence)
        self.confidence_bias = weight("confidence_bias", 1, 0.0)

    def logits(self, features, dtype):
        """Return the unscaled logits of features `[B, D]` in `dtype`."""
        magnitude, margin, kernel, bias = (
            ops.cast(weight, dtype)
            for weight in (self.magnitude, self.margin, self.confidence_kernel, self.confidence_bias)
        )
        plain = super().logits(features, dtype)
        confidence = ops.sigmoid(ops.sum(features * kernel, axis=-1, keepdims=True) + bias)
        return plain + confidence * ((magnitude - 1.0) * plain + margin)

    def begin(self, previous: keras.layers.Layer | None, context: StageView) -> None:
        """Copy the previous classifier.

        Raises:
            ValueError: there is none and `learn_kernel` is False, or it is not linear.
        """
        if previous is None and not self.learn_kernel:
            raise ValueError(
                "`previous` must be a classifier to calibrate. Make this the `head` of a later stage, or set "
                "learn_kernel=True. Received: previous=None"
            )
        self.take_over(previous)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "normalize_features": self.normalize_features,
            "initial_magnitude": self.initial_magnitude,
            "initial_confidence": self.initial_confidence,
        }
