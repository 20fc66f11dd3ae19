"""A cosine classifier that starts from the class means."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import Positive, PositiveInt
from ltzoo.heads.class_means import class_means
from ltzoo.heads.registry import register
from ltzoo.layers import NormalizedDense
from ltzoo.protocols import StageView

SCALE = 25.0


@register("class_mean_cosine")
@keras.saving.register_keras_serializable(package="ltzoo")
class ClassMeanCosine(NormalizedDense):
    """Logits g <x/|x|, w_c/|w_c|>, where w_c starts as m_c/|m_c| with the mean training feature m_c of class c.

    The means are computed in inference mode when the first stage with this head begins; then the class vectors train
    as usual. This is the classifier of LIFT with its option `class_mean` (Shi et al., ICML 2024, released code).
    Deviation: for CLIP, LIFT prefers text features of the class names, which this library does not compute.

    Args:
        units: number of classes C.
        scale: g; 25, as in the released code, if the stage has none.
        name: name of the layer.
        **arguments: arguments of `ltzoo.layers.NormalizedDense`.
    """

    @checked
    def __init__(
        self, units: PositiveInt, scale: Positive | None = None, name: str = "head", **arguments: Any
    ) -> None:
        super().__init__(units, scale=SCALE if scale is None else scale, name=name, **arguments)

    def begin(self, previous: keras.layers.Layer | None, context: StageView) -> None:
        """Set the class vectors to the class means of the training images, unless this head continues."""
        if previous is self:
            return
        means = class_means(*context.features(), self.units)
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        assert self.kernel is not None
        self.kernel.assign((means / np.maximum(lengths, 1e-12)).T)
