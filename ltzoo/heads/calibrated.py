"""A trained linear classifier, calibrated by the validation images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ltzoo.arguments import checked
from ltzoo.caller_warnings import warn_caller
from ltzoo.checks import Positive, PositiveInt, one_of
from ltzoo.class_counts import ClassCounts
from ltzoo.heads.calibration_fit import TARGETS, Calibration, fit_calibration
from ltzoo.heads.registry import register
from ltzoo.heads.rooted_linear import RootedLinear
from ltzoo.heads.signed_root import signed_root, weights_of
from ltzoo.losses import log_prior
from ltzoo.protocols import StageView


@register("calibrated")
@keras.saving.register_keras_serializable(package="ltzoo")
class Calibrated(RootedLinear):
    """Logits s (x W + b) + u log(n / N) of the previous classifier, with s and u from the validation images.

    Use it in a stage with `epochs=0` after stages that trained the whole network. Its logits on training images say
    nothing about confidence, since it knows them by heart. s and u make the validation images most likely; see
    `ltzoo.heads.calibration_fit`. Two numbers need few images. "cross_fitted" does this without validation images, but
    only on a frozen network.

    Args:
        num_classes: number of classes C.
        scale: factor of the logits; 1 if the stage has none.
        class_counts: training images n per class, `[C]`; N is their sum.
        target: "uniform" or "data", as in `ltzoo.heads.CrossFitted`.
        square_root: put sign(x) sqrt(|x|) in place of x first, as the previous head must do.
        name: name of the layer.
        **kwargs: arguments of `LinearHead`; it always has a bias.

    `calibration` records s and u. Without validation images they stay 1 and 0, with a warning.

    Raises:
        ValueError: `class_counts` or `target` are invalid, or the previous head is not linear or differs in
            `square_root`.
    """

    calibration: Any  # Variable; `build` creates it.

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        class_counts: Sequence[int] | np.ndarray = (),
        target: str = "uniform",
        square_root: bool = False,
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, scale, square_root, name, **kwargs)
        self.class_counts = ClassCounts(class_counts).require(num_classes)
        self.target = one_of("target", target, TARGETS)

    def build(self, input_shape):
        """Create the weights."""
        super().build(input_shape)
        self.calibration = self.add_buffer("calibration", (2,))

    def check_stage(self, recipe: Any, index: int) -> None:
        """Refuse a recipe whose stage `index` begins with this head, unless it comes after one and does not train.

        Raises:
            ValueError: no stage comes before, or the stage has epochs.
        """
        if not index or recipe.stages[index].epochs:
            raise ValueError(
                "`head` 'calibrated' must follow a trained stage, in a stage with epochs=0. "
                f"Received: the head of stage {index + 1}, with epochs={recipe.stages[index].epochs}"
            )

    def begin(self, previous: keras.layers.Layer | None, context: StageView) -> None:
        """Copy the previous classifier and calibrate it, unless this head continues."""
        if previous is self or previous is None:
            return
        kernel, bias = weights_of(previous, self.square_root)
        fitted, prior = Calibration(1.0, 0.0), log_prior(self.class_counts)
        held_out = context.val_features()
        if held_out is None:
            warn_caller(
                "there are no validation images to calibrate with, so probabilities stay those of the training. Hold "
                "some out with validation_fraction=0.1 (--validation-fraction 0.1)"
            )
        else:
            features, labels = held_out
            features = signed_root(np.asarray(features, np.float64)) if self.square_root else features
            fitted = fit_calibration(features @ kernel + bias, labels, prior, self.target)
        self.kernel.assign(fitted.factor * kernel / self.scale)
        self.bias.assign((fitted.factor * bias + fitted.share * prior) / self.scale)
        self.calibration.assign([fitted.factor, fitted.share])

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "class_counts": self.class_counts.tolist(),
            "target": self.target,
        }
