"""A trained linear classifier without the class prior in its logits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import Positive, PositiveInt
from ltzoo.class_counts import ClassCounts
from ltzoo.heads.linear import LinearHead
from ltzoo.heads.registry import register
from ltzoo.losses import log_prior, post_hoc_logit_adjustment
from ltzoo.protocols import StageView


@register("logit_adjusted")
@keras.saving.register_keras_serializable(package="ltzoo")
class LogitAdjusted(LinearHead):
    """Logits scale (x W + b) - tau log(n / N), for a classifier trained with cross-entropy.

    Post-hoc logit adjustment (Menon et al., "Long-tail Learning via Logit Adjustment", ICLR 2021, Eq. 9); n are the
    class counts and N their sum. Use it in a stage with `epochs=0`: it copies the previous linear classifier.

    Args:
        num_classes: number of classes C.
        scale: factor of x W + b.
        class_counts: training images per class, `[C]`.
        tau: strength. 1 (default) is the paper's consistent choice; the paper also tunes tau on validation images.
        name: name of the layer.
        **kwargs: arguments of `LinearHead`.

    Raises:
        ValueError: `class_counts` are invalid, or their number is not `num_classes`.
    """

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        class_counts: Sequence[int] | np.ndarray = (),
        tau: float = 1.0,
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        super().__init__(num_classes, scale, **kwargs, name=name)
        self.class_counts = ClassCounts(class_counts).require(num_classes)
        self.tau = float(tau)

    def call(self, inputs):
        """Return logits `[batch, C]`."""
        return post_hoc_logit_adjustment(super().call(inputs), self.class_counts, self.tau)

    def begin(self, previous: keras.layers.Layer | None, context: StageView) -> None:
        """Copy the previous linear classifier."""
        self.take_over(previous)

    def merged_weights(self) -> tuple[np.ndarray, np.ndarray]:
        """Return kernel `[D, C]` and bias `[C]` of the dense layer with the same logits."""
        kernel = np.asarray(keras.ops.convert_to_numpy(self.kernel.value)) * self.scale
        bias = (
            0.0 if self.bias is None else np.asarray(keras.ops.convert_to_numpy(self.bias.value)) * self.scale
        )
        return kernel, bias - self.tau * log_prior(self.class_counts)

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "class_counts": self.class_counts.tolist(), "tau": self.tau}
