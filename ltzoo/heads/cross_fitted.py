"""A linear classifier trained again on all images, calibrated by out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import Few, Positive, PositiveInt, one_of, refuse
from ltzoo.class_counts import ClassCounts
from ltzoo.heads.calibration_fit import TARGETS, fit_calibration
from ltzoo.heads.closed_forms import CLOSED_FORMS
from ltzoo.heads.registry import register
from ltzoo.heads.rooted_linear import RootedLinear
from ltzoo.heads.signed_root import signed_root, weights_of
from ltzoo.losses import log_prior
from ltzoo.phases import phase
from ltzoo.protocols import StageView


@register("cross_fitted")
@keras.saving.register_keras_serializable(package="ltzoo")
class CrossFitted(RootedLinear):
    """The previous linear classifier, trained again on all images and calibrated by out-of-fold predictions.

    Its stage comes after one with cached features and has no epochs. When it begins, the training of that stage is
    repeated on `folds` parts of the training and validation images. Each image so gets logits z by a classifier that
    saw neither it nor its group. A factor s and a share u of the prior make s z + u log(n / N) most likely; see
    `ltzoo.heads.calibration_fit`. At last the training is repeated on all images, which gives W and b. This head is
    x (s W) + (s b + u log(n / N)). So no image is lost to validation, and yet temperature and prior come from images
    that were not trained on.

    The classifiers named by `others` are fitted to the same folds and images, and their logits get factors of
    their own: z = s_1 z_1 + s_2 z_2 + ... They have formulas and cost seconds; see `ltzoo.heads.closed_forms`. Which
    kind of classifier is best differs much between data, and the factors say so. The sum of linear classifiers is a
    linear classifier, so predictions cost the same.

    **Validation images are trained on.** Measure on test images, or by the calibrated out-of-fold logits,
    which `classifier.out_of_fold` holds after `fit`.

    Args:
        num_classes: number of classes C.
        scale: factor of the logits; 1 if the stage has none.
        class_counts: training images n per class, `[C]`; N is their sum.
        folds: number of folds, at least 2.
        target: "uniform" makes probabilities hold where every class is equally frequent, which suits balanced
            accuracy; "data" where the classes are as frequent as in training.
        others: names of further classifiers to combine: "discriminant", "least_squares".
        square_root: put sign(x) sqrt(|x|) in place of x first, as the previous head must do.
        name: name of the layer.
        **kwargs: arguments of `LinearHead`.

    `calibration` records s (one number per classifier) and u.

    Raises:
        ValueError: `class_counts`, `target` or `others` are invalid, or `folds` is below 2.
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
        others: Sequence[str] = (),
        square_root: bool = False,
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, scale, square_root, name, **kwargs)
        self.class_counts = ClassCounts(class_counts).require(num_classes)
        if folds < 2:
            refuse("folds", "2 or more", folds)
        self.folds = int(folds)
        self.target = one_of("target", target, TARGETS)
        self.others = [one_of("others", name, tuple(CLOSED_FORMS)) for name in others]
        self.calibration = None

    def build(self, input_shape):
        """Create the weights."""
        super().build(input_shape)
        self.calibration = self.add_buffer("calibration", (2 + len(self.others),))

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
            ValueError: it is not linear, or takes square roots and this head does not, or the reverse.
        """
        if previous is self:
            return
        assert previous is not None  # See `check_stage`.
        weights_of(previous, self.square_root)  # Refuses what cannot be copied before the work.
        found = context.refit(self.folds)
        others = self._fit_others(context, found)
        prior = log_prior(self.class_counts)
        logits = np.stack([found.logits, *(logits for _, logits in others)])
        fitted = fit_calibration(logits, found.labels, prior, self.target)
        self._assign([weights_of(previous, self.square_root), *(weights for weights, _ in others)], fitted)
        calibrated = np.tensordot(fitted.factor, logits, axes=1) + fitted.share * prior
        context.keep_out_of_fold(found._replace(logits=calibrated.astype(np.float32)))

    def _fit_others(self, context, found):
        """Return kernel and bias of each further classifier on all images, and its logits out of fold."""
        if not self.others:
            return []
        features, labels, fold = context.fold_features(self.folds)
        features = signed_root(features) if self.square_root else features
        fitted = []
        with phase("fitting more classifiers", len(self.others), unit="classifiers") as fitting:
            for name in self.others:
                fit = CLOSED_FORMS[name]
                logits = np.zeros((len(labels), self.num_classes))
                for number in np.unique(fold[fold >= 0]):
                    kept, left_out = fold != number, fold == number
                    logits[left_out] = fit(features[kept], labels[kept], self.num_classes).logits(
                        features[left_out]
                    )
                fitted.append((fit(features, labels, self.num_classes), logits[found.positions]))
                fitting.advance()
        return fitted

    def _assign(self, members, calibration):
        """Add up linear classifiers times their factors, plus u log(n / N)."""
        factors, share = np.atleast_1d(calibration.factor), calibration.share
        kernel = sum(factor * kernel for factor, (kernel, _) in zip(factors, members, strict=True))
        bias = sum(factor * bias for factor, (_, bias) in zip(factors, members, strict=True))
        self.kernel.assign(kernel / self.scale)
        self.bias.assign((bias + share * log_prior(self.class_counts)) / self.scale)
        self.calibration.assign([*factors, share])

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "class_counts": self.class_counts.tolist(),
            "folds": self.folds,
            "target": self.target,
            "others": list(self.others),
        }
