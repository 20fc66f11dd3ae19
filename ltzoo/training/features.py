"""Features of images, computed once, and the model that trains a head on them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ltzoo.keras_internals import KeepsValues, untracked
from ltzoo.phases import phase
from ltzoo.protocols import Classifier, StagedClassifier
from ltzoo.read_ahead import read_ahead
from ltzoo.training.staged_loss import StagedLoss, TrainingOutput

if TYPE_CHECKING:
    from ltzoo.data.splits import Split


class CachedFeatureTrainer(StagedLoss, KeepsValues, keras.Model):
    """The head of a classifier as a separate model that takes features and shares the head's variables.

    Args:
        classifier: a built `LongTailedClassifier` in a stage with `cache_features=True`.
    """

    def __init__(self, classifier: StagedClassifier) -> None:
        untracked(self, "_classifier", classifier)
        super().__init__(name=f"{classifier.name}_head")
        self.head = classifier.head
        self.cloud = classifier.cloud
        self.device_augmentation = None
        self.technique = None
        self.built = True

    @property
    def stop_training(self) -> bool:
        """Whether a callback ended the stage, here or on the classifier."""
        return self.__dict__.get("_stopped", False) or self._classifier.stop_training

    @stop_training.setter
    def stop_training(self, value: bool) -> None:
        untracked(self, "_stopped", value)
        if not value:
            self._classifier.stop_training = False

    def call(self, features, training=None):
        """Compute logits `[batch, C]` of features `[batch, D]`; in training, wrap them in a `TrainingOutput`."""
        logits = self.head(features, training=training)
        return TrainingOutput(logits) if training else logits


@contextlib.contextmanager
def stands_in(trainee: CachedFeatureTrainer, classifier: Any) -> Iterator[None]:
    """Show callbacks the training of the head on the classifier: its optimizer, and on JAX its current weights."""
    classifier.optimizer = trainee.optimizer
    untracked(classifier, "jax_state_sync", lambda: trainee.jax_state_sync())
    try:
        yield
    finally:
        del classifier.__dict__["jax_state_sync"]


def extract_features(classifier: Classifier, split: Split, batch_size: int = 64) -> np.ndarray:
    """Return the pooled features of every image of a split, float32 `[N, D]`, in inference mode.

    During `fit_stages` they come from the `feature_store` of the classifier; treat them as read-only.
    """

    def compute(positions):
        return in_batches(
            classifier.extract_features_on_batch, split, positions, batch_size, "computing features"
        )

    store = getattr(classifier, "feature_store", None)
    if store is None or not len(split.labels):
        return compute(np.arange(len(split.labels)))
    return store.get(classifier, split, compute, batch_size)


def stream_features(
    classifier: Classifier, split: Any, batch_size: int = 256
) -> tuple[np.ndarray, np.ndarray]:
    """Return pooled features float32 `[N, D]` and labels int64 `[N]` of a stream, after reading it once."""
    features, labels = [], []
    with phase("computing features", kind="forward") as computing:
        for images, own in split.batches(batch_size):
            missing = batch_size - len(images)  # Batches of one size, as in `in_batches`.
            filled = np.concatenate([images, np.repeat(images[:1], missing, axis=0)]) if missing else images
            features.append(classifier.extract_features_on_batch(filled)[: len(own)])
            labels.append(own)
            computing.advance(len(own))
    return np.concatenate(features), np.concatenate(labels)


def in_batches(
    compute: Callable[[np.ndarray], np.ndarray],
    split: Split,
    positions: Sequence[int] | np.ndarray,
    batch_size: int,
    doing: str = "looking at images",
) -> np.ndarray:
    """Return `compute(images)` for the images at `positions`, one row per image; `doing` says what that is.

    All batches have the same size: the last one is filled up with its first image. So `compute` compiles once, and
    a resumed run computes each row in exactly the same way.
    """
    positions = np.asarray(positions)
    batch_size = min(batch_size, len(positions))
    parts = (positions[start : start + batch_size] for start in range(0, len(positions), batch_size))

    def load(part):
        return split.load(np.concatenate([part, np.full(batch_size - len(part), part[0], part.dtype)]))

    found = []
    with phase(doing, len(positions), kind="forward") as computing:
        for part, images in read_ahead(load, parts):
            found.append(compute(images)[: len(part)])
            computing.advance(len(part))
    return np.concatenate(found)
