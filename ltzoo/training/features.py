"""Training a head on features that were computed once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np

from ltzoo.training.staged_loss import StagedLoss

if TYPE_CHECKING:
    from ltzoo.data.splits import Split
    from ltzoo.models.classifier import LongTailedClassifier


class CachedFeatureTrainer(StagedLoss, keras.Model):
    """The head of a classifier as a model of its own: it shares the head's variables and takes features.

    Args:
        classifier: a built `LongTailedClassifier` in a stage with `cache_features=True`.
    """

    def __init__(self, classifier: LongTailedClassifier) -> None:
        super().__init__(name=f"{classifier.name}_head")
        self.head = classifier.head
        self.cloud = classifier.cloud
        self.device_augmentation = None
        self.built = True

    def call(self, features, training=None):
        """Features `[batch, D]` to logits `[batch, num_classes]`."""
        return self.head(features, training=training)


def extract_features(classifier: LongTailedClassifier, split: Split, batch_size: int = 256) -> np.ndarray:
    """The pooled features of every image of a split, float32 `[N, D]`, in inference mode.

    Batches have one size (the last is filled up with its first image), so that a resumed run computes each
    feature in exactly the same way.
    """
    total = len(split.labels)
    batch_size = min(batch_size, total)
    found = []
    for start in range(0, total, batch_size):
        positions = np.arange(start, min(start + batch_size, total))
        filled = np.concatenate([positions, np.full(batch_size - len(positions), start, positions.dtype)])
        features = classifier.extract_features_on_batch(split.load(filled))
        found.append(features[: len(positions)])
    return np.concatenate(found)
