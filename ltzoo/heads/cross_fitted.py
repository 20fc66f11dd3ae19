"""A linear classifier trained again on all images, calibrated by out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import Few, Positive, PositiveInt, one_of, refuse
from ltzoo.class_counts import ClassCounts
from ltzoo.heads.calibration_fit import TARGETS, Calibration, fit_calibration
from ltzoo.heads.linear import LinearHead, linear_weights
from ltzoo.heads.registry import register
from ltzoo.losses import log_prior
from ltzoo.protocols import StageView


@register("cross_fitted")
@keras.saving.register_keras_serializable(package="ltzoo")
class CrossFitted(LinearHead):
    """The previous linear classifier, trained again on all images and calibrated by out-of-fold predictions.

    Its stage comes after one with cached features and has no epochs. When it begins, the training of that stage is
    repeated on `folds` parts of the training and validation images. Each image so gets logits z by a classifier that
    saw neither it nor its group. A factor s and a share u of the prior make s z + u log(n / N) most likely; see
    `ltzoo.heads.calibration_fit`. At last the training is repeated on all images, which gives W and b. This head is
    x (s W) + (s b + u log(n / N)). So no image is lost to validation, and yet temperature and prior come from images
    that were not trained on.

    **Validation images are trained on.** Measure on test images, or by the calibrated out-of-fold logits,
    which `classifier.out_of_fold` holds after `fit`.

    Args:
        num_classes: number of classes C.
        scale: factor of the logits; 1 if the stage has none.
        class_counts: training images n per class, `[C]`; N is their sum.
        folds: number of folds, at least 2.
        target: "uniform" makes probabilities hold where every class is equally frequent, which suits balanced
            accuracy; "data" where the classes are as frequent as in training.
        name: name of the layer.
        **kwargs: arguments of `LinearHead`.

    `calibration` `[2]` records s and u.

    Raises:
        ValueError: `class_counts` or `target` are invalid, or `folds` is below 2.
    """

    trains_on_validation = True

    # Variables that `build` creates.
    calibration: Any

    reads_by_position = True

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        class_counts: Sequence[int] | np.ndarray = (),
        folds: Few = 5,
        target: str = "uniform",
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, scale, **{"kernel_initializer": "zeros", **kwargs}, name=name)
        self.class_counts = ClassCounts(class_counts).require(num_classes)
        if folds < 2:
            refuse("folds", "2 or more", folds)
        self.folds = int(folds)
        self.target = one_of("target", target, TARGETS)
        self.calibration = None

    def build(self, input_shape):
        """Create the weights."""
        super().build(input_shape)
        self.calibration = self.add_buffer("calibration", (2,))

    def check_stage(self, recipe: Any, index: int) -> None:
        """Refuse a recipe whose stage `index` begins with this head, unless the stage before can be repeated.

        Raises:
            ValueError: there is none, it has no cached features, or it continues with an earlier head.
        """
        before = recipe.stages[index - 1] if index else None
        if before is None or not before.cache_features or not before.epochs:
            raise ValueError(
                "`head` 'cross_fitted' must follow a stage that trains with cache_features=True. "
                f"Received: the head of stage {index + 1}, after "
                + ("no stage" if before is None else f"cache_features={before.cache_features}")
            )
        if index > 1 and before.head is None:
            raise ValueError(
                "`head` 'cross_fitted' must follow a stage that begins with its own head, which can be trained again. "
                f"Received: the head of stage {index + 1}, after head=None"
            )

    def begin(self, previous: keras.layers.Layer | None, context: StageView) -> None:
        """Train the previous linear classifier again, copy it and calibrate it, unless this head continues.

        Raises:
            ValueError: it is not linear.
        """
        if previous is self:
            return
        assert previous is not None  # See `check_stage`.
        linear_weights(previous)  # Refuses what cannot be copied before the work.
        found = context.refit(self.folds)
        prior = log_prior(self.class_counts)
        fitted = fit_calibration(found.logits, found.labels, prior, self.target)
        self.set_weights_of(previous, fitted)
        calibrated = fitted.factor * found.logits + fitted.share * prior
        context.keep_out_of_fold(found._replace(logits=calibrated))

    def set_weights_of(self, previous: keras.layers.Layer, calibration: Calibration) -> None:
        """Copy a linear classifier, with its logits times s, plus u log(n / N)."""
        kernel, bias = linear_weights(previous)
        factor, share = calibration
        self.kernel.assign(kernel * factor / self.scale)
        if self.bias is not None:
            self.bias.assign((bias * factor + share * log_prior(self.class_counts)) / self.scale)
        self.calibration.assign(calibration)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "class_counts": self.class_counts.tolist(),
            "folds": self.folds,
            "target": self.target,
        }
