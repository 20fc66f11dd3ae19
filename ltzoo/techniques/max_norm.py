"""MaxNorm: project the class vectors onto a ball after every step or epoch (Alshammari et al., CVPR 2022)."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.checks import Positive, one_of
from ltzoo.keras_internals import untracked
from ltzoo.layers.norm_ball import NormBall
from ltzoo.protocols import Classifier, StageView
from ltzoo.techniques.base import Technique
from ltzoo.techniques.registry import register


@register("max_norm")
@keras.saving.register_keras_serializable(package="ltzoo")
class MaxNorm(Technique):
    """Keep |w_c| <= radius for every class c by projected gradient descent; w_c are the columns of the head's kernel.

    Long-Tailed Recognition via Weight Balancing (Alshammari et al., CVPR 2022), Eq. 5 and 6. The cap lets the norms of
    rare classes grow up to the norms of frequent ones. With `every="step"` it is a Keras constraint on the kernel,
    active while the stage is trained. The bias is not constrained.

    Args:
        radius: the radius, above 0. None computes it from the kernel at the start of the stage, as the released code
            does: min_c |w_c| + fraction (max_c |w_c| - min_c |w_c|). The paper only says that the radius is tuned.
        fraction: position between the smallest and the largest norm, from 0 to 1; 0.1 in the released code.

        every: "step" projects after every step, as the paper does; "epoch" once at the end of every epoch, as the
            released code does.

    Raises:
        ValueError: if `radius` is not above 0, `every` is unknown, `fraction` is outside [0, 1], or the head has no
            `kernel` `[D, C]`.
    """

    def __init__(
        self, radius: Positive | None = None, fraction: float = 0.1, every: str = "step", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if radius is not None and not radius > 0:
            raise ValueError(f"`radius` must be above 0, or None. Received: radius={radius}")
        if not 0 <= fraction <= 1:
            raise ValueError(f"`fraction` must be between 0 and 1. Received: fraction={fraction}")
        self.radius = None if radius is None else float(radius)
        self.fraction = float(fraction)
        self.every = one_of("every", every, ("step", "epoch"))

    def attach(self, classifier: Classifier) -> None:
        """Create the variable for the radius, and constrain the kernel of the stage's head."""
        self.present_radius = self.add_weight(
            name="radius", shape=(), initializer="zeros", trainable=False, dtype="float32"
        )
        head = classifier.heads[classifier.head_numbers[classifier.techniques.index(self)]]
        kernel = getattr(head, "kernel", None)
        if kernel is None or len(kernel.shape) != 2:
            raise ValueError(
                "`head` of 'max_norm' must have a `kernel` [D, C], such as 'dense'. "
                f"Received: head={type(head).__name__}"
            )
        ball = NormBall(math.inf)
        # The radius is a plain number, because the compiled step must not read variables outside its arguments. The
        # ball is untracked, because it is no part of the layer.
        untracked(self, "_ball", ball)
        kernel.constraint = lambda w: (
            ball(w) if classifier.technique is self and self.every == "step" else ops.convert_to_tensor(w)
        )
        untracked(self, "_kernel", kernel)

    def begin(self, classifier: Classifier, context: StageView) -> None:
        """Compute the radius from the kernel, unless it is given."""
        norms = np.linalg.norm(ops.convert_to_numpy(classifier.head.kernel.value), axis=0)
        radius = self.radius
        if radius is None:
            radius = norms.min() + self.fraction * (norms.max() - norms.min())
        self.present_radius.assign(radius)

    def on_epoch_begin(self, epoch: int, epochs: int) -> None:
        """Pass the radius to the constraint, in new and resumed runs."""
        self._ball.radius = float(ops.convert_to_numpy(self.present_radius.value))

    def on_epoch_end(self, epoch: int, epochs: int) -> None:
        """Project the kernel with `every="epoch"`."""
        if self.every == "epoch":
            self._kernel.assign(self._ball(self._kernel.value))

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "radius": self.radius, "fraction": self.fraction, "every": self.every}
