"""Logits that the rarity of their class multiplies (IIF)."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import Positive, PositiveInt, one_of
from ltzoo.class_counts import ClassCounts
from ltzoo.heads.registry import register
from ltzoo.heads.wrapped import WrappedHead
from ltzoo.precision import float32_or_float64

VARIANTS = ("raw", "smooth", "relative", "normit", "gombit", "base2", "base10")


def inverse_image_frequency(class_counts: Sequence[int] | np.ndarray, variant: str = "smooth") -> np.ndarray:
    """Return the factor of each class, float64 `[C]`, from class counts n with the sum N.

    "raw" log(N / n), "smooth" log((N + 1) / (n + 1)) + 1, "relative" log((N - n) / n), "normit" -Phi^-1(n / N) with
    the normal distribution Phi, "gombit" -log(-log(1 - n / N)), "base2" and "base10" as "raw" with other logarithms.

    Raises:
        ValueError: the variant is unknown, or the counts are invalid.
    """
    one_of("variant", variant, VARIANTS)
    counts = ClassCounts(class_counts)
    share = counts.prior
    if variant == "smooth":
        return np.log((counts.total + 1) / (counts.array + 1)) + 1
    if variant == "relative":
        return np.log((1 - share) / share)
    if variant == "normit":
        return np.array([-statistics.NormalDist().inv_cdf(value) for value in share])
    if variant == "gombit":
        return -np.log(-np.log1p(-share))
    return -np.log(share) / {"raw": 1.0, "base2": np.log(2), "base10": np.log(10)}[variant]


@register("inverse_image_frequency")
@keras.saving.register_keras_serializable(package="ltzoo")
class InverseImageFrequency(WrappedHead):
    """Logits i_c z_c of another head's logits z, with factors i of `inverse_image_frequency`; in training and after.

    Alexandridis et al., Inverse Image Frequency for Long-Tailed Image Recognition, IEEE TIP 2023, Eq. 3, as in the
    released kostas1515/iif, classification/custom.py. In a stage that trains the head on a frozen network it is the
    paper's decoupled form. In a stage with `epochs=0` it corrects a trained classifier.

    Args:
        num_classes: number of classes C.
        scale: scale of the inner head, settable if it has one.
        head: `{"name": ..., arguments}` of the inner head; default `{"name": "dense"}`. It takes over the previous
            head's weights.
        variant: one of the names above; the released scripts use "smooth".
        class_counts: training images per class `[C]`; filled in by the classifier.

    Raises:
        ValueError: the variant is unknown, or the counts are invalid.
    """

    @checked
    def __init__(
        self,
        num_classes: PositiveInt,
        scale: Positive | None = None,
        head: Mapping[str, Any] | None = None,
        variant: str = "smooth",
        class_counts: Sequence[int] | np.ndarray = (),
        name: str = "head",
        **kwargs: Any,
    ) -> None:
        counts = ClassCounts(class_counts).require(num_classes)
        super().__init__(num_classes, scale, head, counts, name, **kwargs)
        self.variant = variant
        self._factors = inverse_image_frequency(counts, variant)

    def call(self, inputs, training=None):
        """Return logits `[batch, C]`."""
        logits = self.head(inputs, training=training)
        logits = ops.cast(logits, float32_or_float64(logits.dtype))
        return logits * ops.convert_to_tensor(self._factors, dtype=logits.dtype)

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "variant": self.variant}
