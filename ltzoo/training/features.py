"""Training a head on features that were computed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import keras
import numpy as np

from ltzoo.protocols import Classifier, StagedClassifier
from ltzoo.training.staged_loss import StagedLoss, TrainingOutput

if TYPE_CHECKING:
    from ltzoo.data.splits import Split


class CachedFeatureTrainer(StagedLoss, keras.Model):
    """The head of a classifier as a model of its own: it shares the head's variables and takes features.

    Args:
        classifier: a built `LongTailedClassifier` in a stage with `cache_features=True`.
    """

    def __init__(self, classifier: StagedClassifier) -> None:
        super().__init__(name=f"{classifier.name}_head")
        self.head = classifier.head
        self.cloud = classifier.cloud
        self.device_augmentation = None
        self.technique = None
        self.built = True

    def call(self, features, training=None):
        """Compute logits `[batch, num_classes]` of features `[batch, D]`; in training a `TrainingOutput`."""
        logits = self.head(features, training=training)
        return TrainingOutput(logits) if training else logits


def extract_features(classifier: Classifier, split: Split, batch_size: int = 256) -> np.ndarray:
    """Compute pooled features float32 `[N, D]` of every image of a split, in inference mode."""
    return in_batches(classifier.extract_features_on_batch, split, np.arange(len(split.labels)), batch_size)


def in_batches(
    compute: Callable[[np.ndarray], np.ndarray],
    split: Split,
    positions: Sequence[int] | np.ndarray,
    batch_size: int,
) -> np.ndarray:
    """Apply `compute` to the images at `positions`; return one row per image.

    All batches have one size: the last is filled up with its first image. So `compute` compiles once, and a resumed
    run computes each row in exactly the same way.
    """
    positions = np.asarray(positions)
    batch_size = min(batch_size, len(positions))
    found = []
    for start in range(0, len(positions), batch_size):
        part = positions[start : start + batch_size]
        filled = np.concatenate([part, np.full(batch_size - len(part), part[0], part.dtype)])
        found.append(compute(split.load(filled))[: len(part)])
    return np.concatenate(found)
