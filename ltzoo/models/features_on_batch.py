"""Features and logits of one batch as NumPy arrays, compiled, in inference mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from ltzoo.heads.inputs import head_inputs, pool
from ltzoo.keras_internals import untracked
from ltzoo.models.thread_safety import in_turn

if TYPE_CHECKING:
    _Base = keras.Model
else:
    _Base = object


class FeaturesOnBatch(_Base):
    """Mixin for a classifier: what `predict_on_batch` is for logits, for features and maps."""

    head: Any
    feature_map: Any

    def extract_features_on_batch(self, images: np.ndarray) -> np.ndarray:
        """Compute pooled features `[batch, D]` of raw pixels in inference mode, compiled, as a NumPy array."""
        return self._on_batch("features", images)

    def extract_feature_maps_on_batch(self, images: np.ndarray) -> np.ndarray:
        """Compute feature maps `[batch, h, w, D]` of raw pixels in inference mode, compiled, as a NumPy array."""
        return self._on_batch("feature_map", images)

    def classify_with_features(self, images: Any, training: bool | None = None) -> tuple[Any, Any]:
        """Compute logits and pooled features `[batch, D]` of raw pixels in one pass through the backbone."""
        maps = self.feature_map(images, training=training)
        return self.head(head_inputs(self.head, maps), training=training), pool(maps)

    def classify_with_features_on_batch(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compute logits and pooled features `[batch, D]` in inference mode, compiled, as NumPy arrays."""
        return self._on_batch("classify_with_features", images)

    @in_turn
    def _on_batch(self, part, images):
        attribute = f"_{part}_model"
        if getattr(self, attribute, None) is None:
            untracked(self, attribute, _Part(self, part))
        found = getattr(self, attribute).predict_on_batch(images)
        return tuple(map(np.asarray, found)) if isinstance(found, (tuple, list)) else np.asarray(found)


class _Part(keras.Model):
    """One method of a classifier as a model, for `predict_on_batch`."""

    def __init__(self, classifier, method):
        super().__init__(name=method)
        self.classifier = classifier
        self.method = method
        self.built = True

    def call(self, images):
        """Call the method on raw pixels in inference mode."""
        return getattr(self.classifier, self.method)(images, training=False)
