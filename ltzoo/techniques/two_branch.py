"""Cumulative learning with two branches (BBN)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from ltzoo.backbones.conversions.parallel_tails import tail_outputs
from ltzoo.checks import PositiveInt, one_of
from ltzoo.heads.inputs import head_inputs
from ltzoo.keras_internals import untracked
from ltzoo.protocols import Classifier
from ltzoo.techniques.base import Technique
from ltzoo.techniques.registry import register

SCHEDULES = {
    "parabolic": lambda t: 1.0 - t**2,
    "linear": lambda t: 1.0 - t,
    "cosine": lambda t: math.cos(0.5 * math.pi * t),
    "parabolic_increment": lambda t: t**2,
    "equal": lambda t: 0.5,
}


def branch_weight(epoch: int, max_epochs: int, schedule: str = "parabolic") -> float:
    """Return alpha, the weight of the conventional branch (BBN, Zhou et al. 2020, Eq. 5 and Table 5).

    With t = epoch / max_epochs: "parabolic" 1 - t^2, "linear" 1 - t, "cosine" cos(pi t / 2),
    "parabolic_increment" t^2, "equal" 0.5.

    Args:
        epoch: number of the epoch, from 0; the published code counts from 1 and subtracts 1.
        max_epochs: T_max. After it t stays 1.
        schedule: one of the names above.

    Raises:
        ValueError: if `schedule` is unknown, or `max_epochs` is below 1.
    """
    one_of("schedule", schedule, SCHEDULES)
    if max_epochs < 1:
        raise ValueError(f"`max_epochs` must be 1 or more. Received: max_epochs={max_epochs}")
    return float(SCHEDULES[schedule](min(epoch / max_epochs, 1.0)))


_PAIRS = (
    "`sampler` of 'two_branch' must draw pairs; give it a companion: "
    "{'strategy': 'instance_balanced', 'companion': {'strategy': 'reversed'}}"
)


@register("two_branch")
@keras.saving.register_keras_serializable(package="ltzoo")
class TwoBranch(Technique):
    """Train two branches, shifting the weight from all images equally to rare classes (BBN, Zhou et al. 2020).

    A batch holds pairs: an image from the stage's sampler and one from its companion, the reversed sampler. The first
    goes through the shared part and the conventional branch to f_c. The second goes through the shared part and the
    re-balancing branch to f_r. These are two passes, so that batch norm sees the two kinds of images separately. One
    classifier takes both (Eq. 3 and 4):

        z = head([2 alpha f_c ; 2 (1 - alpha) f_r])
        loss = alpha L(y_c, z) + (1 - alpha) L(y_r, z)

    alpha is the `branch_weight` of the epoch, and L is the loss of the stage. In prediction every image goes through
    both branches, and the classifier takes [f_c ; f_r], as it does at alpha = 0.5.

    It needs the conversion "two_branch" and a sampler with a companion, such as
    `{"strategy": "instance_balanced", "companion": {"strategy": "reversed"}}`.

    The factor 2 is from the published code. The paper's Eq. 3 has no factor, and [0.5 f_c ; 0.5 f_r] in testing. Give
    the conversion `scale=0.5` for that form. In both, training and testing agree at alpha = 0.5.

    The accuracy counts the prediction of each pair against both of its labels. The published code weights them by
    alpha and 1 - alpha. The random (Beta) schedule of the paper's Table 5 is omitted.

    Args:
        schedule: schedule of alpha; see `branch_weight`. "parabolic" is the paper's choice.
        max_epochs: T_max; None for the number of epochs of the stage. The published code uses 100 for 90 epochs and
            200 for 180.

    Raises:
        ValueError: if the backbone has no branches, or a batch does not consist of pairs.
    """

    alpha: keras.Variable

    def __init__(
        self, schedule: str = "parabolic", max_epochs: PositiveInt | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        branch_weight(0, 1 if max_epochs is None else max_epochs, schedule)
        self.schedule = schedule
        self.max_epochs = None if max_epochs is None else int(max_epochs)

    def attach(self, classifier: Classifier) -> None:
        """Check the sampler; create alpha and, for each branch, the network from images to its map."""
        maps = tail_outputs(classifier.backbone, "two_branch", "The technique 'two_branch'")
        index = self.stage_index(classifier)
        sampler = classifier.recipe.stages[index].sampler
        if sampler.get("views", 1) != 1 or not sampler.get("companion"):
            raise ValueError(f"{_PAIRS}. Received: sampler={dict(sampler)!r}")
        branches = [keras.Model(classifier.backbone.inputs[0], output) for output in maps]
        # The layers belong to the backbone.
        untracked(self, "_branches", branches)
        self.alpha = self.add_weight(
            name="alpha", shape=(), initializer="ones", trainable=False, autocast=False
        )

    def on_epoch_begin(self, epoch: int, epochs: int) -> None:
        """Assign the alpha of the epoch."""
        self.alpha.assign(branch_weight(epoch, self.max_epochs or epochs, self.schedule))

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Compute the logits of each pair and repeat them for both of its labels: `[2 B, C]`."""
        if images.shape[0] is not None and images.shape[0] % 2:
            raise ValueError(f"{_PAIRS}. Received: a batch of {images.shape[0]} images")
        images = classifier.normalize_images(images, training=True)
        maps = [branch(images[i::2], training=True) for i, branch in enumerate(self._branches)]
        alpha = ops.convert_to_tensor(self.alpha)
        weights = [2.0 * alpha, 2.0 * (1.0 - alpha)]
        maps = [ops.cast(weight, x.dtype) * x for weight, x in zip(weights, maps, strict=True)]
        features = head_inputs(classifier.head, ops.concatenate(maps, axis=-1))
        return ops.repeat(classifier.head(features, training=True), 2, axis=0), None

    def loss(
        self,
        classifier: Classifier,
        labels: Any,
        logits: Any,
        kept: Any,
        classification_loss: Callable[[Any, Any], Any],
    ) -> Any:
        """Compute alpha L(y_c, z) + (1 - alpha) L(y_r, z)."""
        conventional = classification_loss(labels[0::2], logits[0::2])
        rebalancing = classification_loss(labels[1::2], logits[1::2])
        alpha = ops.cast(self.alpha, conventional.dtype)
        return alpha * conventional + (1.0 - alpha) * rebalancing

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "schedule": self.schedule, "max_epochs": self.max_epochs}
