"""Gaussian cloud on the logits, in training only (GCL)."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import NonNegative, Positive, Seed
from ltzoo.class_counts import ClassCounts, cloud_sizes
from ltzoo.precision import float32_or_float64


@keras.saving.register_keras_serializable(package="ltzoo")
class GaussianCloud(keras.layers.Layer):
    """Lower the logit of class j by scale * noise_multiplier * |epsilon| * delta_j, in training only.

    epsilon = clip(N(0, 1/3), -1, 1), where 1/3 is the standard deviation. delta is the cloud size of the class divided
    by the largest one: 0 for the most frequent class, 1 for the rarest. Long-tailed Visual Recognition via Gaussian
    Clouded Logit Adjustment (Li et al., CVPR 2022), Eq. 8, 9 and 11. Classes of equal size have no cloud, and the layer
    then returns its input.

    Args:
        class_counts: training images per class [C].
        noise_multiplier: amplitude of the cloud on the cosine; 1.0 in the paper, 0.5 in the published code. This
            attribute can be set.
        scale: factor that the incoming cosine already carries. This attribute can be set.
        strategy: "log", "power" or "cosine" (Table 3); see `ltzoo.class_counts.cloud_sizes`.
        exponent: exponent of the "power" strategy.
        per_class: draw one epsilon per sample and class, as in the published code. False: one per sample, as in the
            paper.
        angular: return the cloud instead of subtracting it, for `AngularGaussianCloudedLogit`. The training output
            is then [batch, C, 2]: the input and noise_multiplier * |epsilon| * delta.
        seed: seed of the noise; None for a random one.

    Input and output: [batch, C] scale * cosine -> [batch, C] (or [batch, C, 2]), in float32 or float64. Inference
    returns the input. Compile the model again after setting an attribute.

    Raises:
        ValueError: if the counts are not positive integers, `noise_multiplier` is negative, `scale` is not above 0,
            or the input does not have one column per class.

    Deviation: with mixup the published code draws new noise for each of its two loss calls. Here a sample has one
    cloud for all its labels.
    """

    @checked
    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        noise_multiplier: NonNegative = 1.0,
        scale: Positive = 1.0,
        strategy: str = "log",
        exponent: Positive = 0.25,
        per_class: bool = True,
        angular: bool = False,
        seed: Seed | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        self.class_counts = ClassCounts(class_counts)
        self._sizes = cloud_sizes(self.class_counts, strategy, exponent=exponent).astype("float32")
        self.noise_multiplier = float(noise_multiplier)
        self.scale = float(scale)
        self.strategy = strategy
        self.exponent = float(exponent)
        self.per_class = bool(per_class)
        self.angular = bool(angular)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape):
        """Check that the input has one column per class."""
        if len(input_shape) != 2 or input_shape[-1] != len(self.class_counts):
            raise ValueError(
                f"`inputs` must be [batch, {len(self.class_counts)}], one column per class. "
                f"Received: inputs of shape {tuple(input_shape)}"
            )

    def call(self, inputs, training=None):
        """Return the logits [batch, C], clouded in training; [batch, C, 2] with `angular`."""
        inputs = ops.cast(inputs, float32_or_float64(inputs.dtype))
        if not training:
            return inputs
        if not self._sizes.any() or self.noise_multiplier == 0:
            return ops.stack([inputs, ops.zeros_like(inputs)], axis=-1) if self.angular else inputs
        batch, classes = ops.shape(inputs)
        noise = keras.random.normal(
            (batch, classes if self.per_class else 1),
            stddev=1.0 / 3.0,
            dtype=inputs.dtype,
            seed=self.seed_generator,
        )
        amplitude = ops.minimum(ops.abs(noise), 1.0)
        cloud = self.noise_multiplier * amplitude * ops.cast(self._sizes, inputs.dtype)
        if self.angular:
            return ops.stack([inputs, cloud], axis=-1)
        return inputs - self.scale * cloud

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "class_counts": self.class_counts.tolist(),
            "noise_multiplier": self.noise_multiplier,
            "scale": self.scale,
            "strategy": self.strategy,
            "exponent": self.exponent,
            "per_class": self.per_class,
            "angular": self.angular,
            "seed": self.seed,
        }
