"""Logits with equal mean and spread for all classes, after training (LogN)."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Positive, PositiveInt, one_of
from ltzoo.heads.linear import LinearHead
from ltzoo.heads.registry import register
from ltzoo.protocols import StageView


@register("log_n")
@keras.saving.register_keras_serializable(package="ltzoo")
class LogN(LinearHead):
    """Logits (z_c - mu_c + shift) / sigma_c of a trained linear classifier z = x W + b.

    Logit normalization (Zhao, Teng and Wang, "Logit Normalization for Long-tail Object Detection", IJCV 2024): mu_c
    and sigma_c are mean and standard deviation of class c's logit over all training images of all classes. Nothing
    trains: they are computed when the stage with this head begins (`epochs=0`).

    Args:
        num_classes: number of classes C.
        scale: factor of the logits; it changes probabilities, not predictions.
        shift: "none" (default) for 0; "minimum" for min_c mu_c. The authors' detectors need the latter to compare
            foreground classes with the background, whose logit stays. Classification has no background, and since
            sigma_c differs between classes, the shift would favor some of them.
        normalize_features: give features length 1 first, to continue a cosine classifier.
        name: name of the layer.
        **kwargs: arguments of `LinearHead`.

    Raises:
        ValueError: unknown `shift`.

    Deviation: exact means and (biased) variances of the training features in inference mode; the authors run batch
    normalization over the training data with moving averages. As there, variances are at least 1e-11.
    """

    # Variables that `build` creates.
    logit_mean: Any
    logit_std: Any

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        shift: str = "none",
        normalize_features: bool = False,
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, scale, **kwargs, name=name)
        one_of("shift", shift, ("none", "minimum"))
        self.shift = shift
        self.normalize_features = bool(normalize_features)
        self.logit_mean = self.logit_std = None

    def build(self, input_shape):
        """Create the weights."""
        super().build(input_shape)
        self.logit_mean = self.add_buffer("logit_mean", (self.num_classes,))
        self.logit_std = self.add_buffer("logit_std", (self.num_classes,), "ones")

    def logits(self, features, dtype):
        """Return the unscaled logits of features `[B, D]` in `dtype`."""
        mean = ops.cast(self.logit_mean, dtype)
        if self.shift == "minimum":
            mean = mean - ops.min(mean)
        return (super().logits(features, dtype) - mean) / ops.cast(self.logit_std, dtype)

    def begin(self, previous: keras.layers.Layer | None, context: StageView) -> None:
        """Copy the previous classifier and measure its logits on the training images."""
        if previous is None:
            return
        self.take_over(previous)
        features, _ = context.features()
        self.set_statistics(features)

    def set_statistics(self, features: np.ndarray) -> None:
        """Set mean and standard deviation to those of the logits of features `[N, D]`."""
        kernel = ops.convert_to_numpy(self.kernel.value)
        features = np.asarray(features, np.float64)
        if self.normalize_features:
            features = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
        logits = features @ kernel
        if self.bias is not None:
            logits = logits + ops.convert_to_numpy(self.bias.value)
        self.logit_mean.assign(logits.mean(axis=0))
        self.logit_std.assign(np.sqrt(np.maximum(logits.var(axis=0), 1e-11)))

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(), "shift": self.shift, "normalize_features": self.normalize_features
        }  # fmt: skip
