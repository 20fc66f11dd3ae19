"""The random part of the softmax equalization loss (Tan et al., CVPR 2020)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.checks import Fraction, NonNegative, Seed
from ltzoo.class_counts import ClassCounts
from ltzoo.losses.equalization import equalization
from ltzoo.protocols import Classifier
from ltzoo.techniques.base import Technique
from ltzoo.techniques.registry import register


@register("equalization")
@keras.saving.register_keras_serializable(package="ltzoo")
class RandomEqualization(Technique):
    """Train with `ltzoo.losses.equalization`, drawing beta per image and class at every step.

    beta is 1 with probability gamma, else 0 (Tan et al., section 3.3). So most rare classes are left out of the
    softmax of other classes' images, and the remaining ones keep their logits from growing without limit. Training
    uses neither the stage's `loss` nor its Gaussian cloud. Give the stage the loss "equalization", whose fixed beta
    serves the validation loss.

    Args:
        class_counts: training images per class, [C].
        threshold: lambda; a class is rare if its share of the training images is lower. None for 0.5 / C.
        gamma: probability of beta = 1, from 0 (plain cross-entropy) to 1.
        seed: seed of the draws.

    Raises:
        ValueError: if `gamma` is outside [0, 1].
    """

    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray,
        threshold: NonNegative | None = None,
        gamma: Fraction = 0.9,
        seed: Seed | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not 0 <= gamma <= 1:
            raise ValueError(f"`gamma` must be between 0 and 1. Received: gamma={gamma}")
        self.class_counts = ClassCounts(class_counts)
        self.threshold = None if threshold is None else float(threshold)
        self.gamma = float(gamma)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def loss(
        self,
        classifier: Classifier,
        labels: Any,
        logits: Any,
        kept: Any,
        classification_loss: Callable[[Any, Any], Any],
    ) -> Any:
        """Compute the mean equalization loss of the batch with new draws."""
        draws = keras.random.uniform(ops.shape(logits), dtype="float32", seed=self.seed_generator)
        losses = equalization(
            labels,
            logits,
            class_counts=self.class_counts,
            threshold=self.threshold,
            beta=ops.cast(draws < self.gamma, logits.dtype),
        )
        return ops.mean(losses)

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "class_counts": self.class_counts.tolist(),
            "threshold": self.threshold,
            "gamma": self.gamma,
            "seed": self.seed,
        }
