"""Classification by the nearest class mean."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Positive, PositiveInt, one_of
from ltzoo.heads.class_means import class_means
from ltzoo.heads.linear import LinearHead
from ltzoo.heads.registry import register
from ltzoo.layers.lengths import unit_length
from ltzoo.protocols import StageView

FEATURES = ("un", "l2n", "cl2n")
METRICS = ("l2", "dot", "cosine")


@register("nearest_class_mean")
@keras.saving.register_keras_serializable(package="ltzoo")
class NearestClassMean(LinearHead):
    """Score a feature by its closeness to the mean training feature m_c of each class (Kang et al., ICLR 2020).

    The class means are computed when a stage with this head begins; `epochs=0` is enough. `features` says how
    features are prepared, also before the means are taken:

    - `"un"`: unchanged;
    - `"l2n"`: scaled to length 1; the means are not normalized again (published code);
    - `"cl2n"`: centered by the mean of all training features, then scaled to length 1.

    Scores by `metric`:

    - `"l2"`: -|x - m_c|^2;
    - `"dot"`: <x, m_c> / D, which the published code calls cosine;
    - `"cosine"`: <x/|x|, m_c/|m_c|>, as the paper describes (also CAMC, Table II).

    Args:
        num_classes: number of classes C.
        scale: factor of the scores; it changes probabilities, not predictions.
        features: "un" (default), "l2n" or "cl2n".
        metric: "cosine" (default, as in both papers), "l2" or "dot".
        name: name of the layer.
        **kwargs: arguments of `LinearHead`.

    `kernel` `[D, C]` holds the class means as columns, `center` `[D]` the mean of all training features ("cl2n").
    Neither trains.

    Raises:
        ValueError: unknown `features` or `metric`.
    """

    # Variables that `build` creates.
    center: Any

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        features: str = "un",
        metric: str = "cosine",
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        fixed = {"use_bias": False, "learn_kernel": False}
        super().__init__(num_classes, scale, **{**kwargs, **fixed}, name=name)
        one_of("features", features, FEATURES)
        one_of("metric", metric, METRICS)
        self.features = features
        self.metric = metric
        self.center = None

    def build(self, input_shape):
        """Create the weights."""
        super().build(input_shape)
        self.center = self.add_buffer("center", (input_shape[-1],))

    def logits(self, features, dtype):
        """Return the unscaled logits of features `[B, D]` in `dtype`."""
        means = ops.cast(self.kernel, dtype)
        if self.features == "cl2n":
            features = features - ops.cast(self.center, dtype)
        if self.features != "un":
            features = unit_length(features, axis=-1)
        if self.metric == "l2":
            # Centered on the mean of the class means, |x|^2 - 2 <x, m> + |m|^2 loses few digits.
            middle = ops.mean(means, axis=1, keepdims=True)
            features, means = features - middle[:, 0], means - middle
            squares = ops.sum(ops.square(features), axis=1, keepdims=True) + ops.sum(
                ops.square(means), axis=0
            )
            return 2.0 * ops.matmul(features, means) - squares
        if self.metric == "dot":
            return ops.matmul(features, means) / features.shape[-1]
        return ops.matmul(unit_length(features, axis=-1), unit_length(means, axis=0))

    def begin(self, previous: keras.layers.Layer | None, context: StageView) -> None:
        """Compute the class means of the training images."""
        self.set_means(*context.features())

    def set_means(self, features: np.ndarray, labels: np.ndarray) -> None:
        """Compute the class means.

        Args:
            features: `[N, D]`.
            labels: integers `[N]`; every class must have an image.
        """
        features = np.asarray(features, np.float64)
        if self.features == "cl2n":
            center = features.mean(axis=0)
            self.center.assign(center)
            features = features - center
        if self.features != "un":
            features = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
        self.kernel.assign(class_means(features, labels, self.num_classes).T)

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "features": self.features, "metric": self.metric}
