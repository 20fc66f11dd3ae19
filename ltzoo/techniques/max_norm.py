"""MaxNorm: after every step the class vectors are projected onto a ball (Alshammari et al., CVPR 2022)."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.keras_internals import untracked
from ltzoo.layers.norm_ball import NormBall
from ltzoo.protocols import Classifier, StageView
from ltzoo.techniques.base import Technique
from ltzoo.techniques.registry import register


@register("max_norm")
@keras.saving.register_keras_serializable(package="ltzoo")
class MaxNorm(Technique):
    """Projected gradient descent on |w_c| <= radius for every class c, w_c being the columns of the head's kernel.

    Long-Tailed Recognition via Weight Balancing (Alshammari et al., CVPR 2022), Eq. 5 and 6: the cap lets the norms of
    rare classes grow up to those of the frequent ones. It is a Keras constraint on the kernel, in force while the
    stage is trained.

    Args:
        radius: the radius; None takes it from the kernel that the stage begins with, as the released code does:
            min_c |w_c| + fraction (max_c |w_c| - min_c |w_c|). The paper only says that the radius is tuned.
        fraction: from 0 to 1; 0.1 in the released code.

    Raises:
        ValueError: a radius that is not above 0, a fraction outside [0, 1], or a head without `kernel` `[D, C]`.

    Deviation from the released code, which projects once an epoch: here every step is projected, as the paper has it.
    The bias is free in both.
    """

    def __init__(self, radius: float | None = None, fraction: float = 0.1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if radius is not None and not radius > 0:
            raise ValueError(f"`radius` must be above 0, or None. Received: radius={radius}")
        if not 0 <= fraction <= 1:
            raise ValueError(f"`fraction` must be between 0 and 1. Received: fraction={fraction}")
        self.radius = None if radius is None else float(radius)
        self.fraction = float(fraction)

    def attach(self, classifier: Classifier) -> None:
        """Make the variable that keeps the radius, and constrain the kernel of the stage's head."""
        self.present_radius = self.add_weight(
            name="radius", shape=(), initializer="zeros", trainable=False, dtype="float32"
        )
        head = classifier.heads[classifier.head_numbers[classifier.techniques.index(self)]]
        kernel = getattr(head, "kernel", None)
        if kernel is None or len(kernel.shape) != 2:
            raise ValueError(
                "The technique 'max_norm' needs a head with a `kernel` [D, C], such as 'dense'. "
                f"Received: head={type(head).__name__}"
            )
        ball = NormBall(math.inf)
        # A plain number: the compiled step must not read a variable that it is not handed. And no attribute of a
        # layer: Keras would track it.
        untracked(self, "_ball", ball)
        kernel.constraint = lambda w: ball(w) if classifier.technique is self else ops.convert_to_tensor(w)

    def begin(self, classifier: Classifier, context: StageView) -> None:
        """Find the radius."""
        norms = np.linalg.norm(ops.convert_to_numpy(classifier.head.kernel.value), axis=0)
        radius = self.radius
        if radius is None:
            radius = norms.min() + self.fraction * (norms.max() - norms.min())
        self.present_radius.assign(radius)

    def on_epoch_begin(self, epoch: int, epochs: int) -> None:
        """Hand the radius to the constraint, also when a run resumes."""
        self._ball.radius = float(ops.convert_to_numpy(self.present_radius.value))

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "radius": self.radius, "fraction": self.fraction}
