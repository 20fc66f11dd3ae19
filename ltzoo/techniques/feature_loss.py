"""What techniques have in common that add a loss on the features to the loss of the stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import ops

from ltzoo.heads.inputs import head_inputs, pool
from ltzoo.precision import float32_or_float64
from ltzoo.protocols import Classifier
from ltzoo.techniques.base import Technique


class FeatureLoss(Technique):
    """Base of techniques whose loss is L(y, z) + `feature_loss(labels, features)`, on pooled features `[B, D]`."""

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Compute the logits `[B, C]`; keep the pooled features, at least float32."""
        inputs = head_inputs(classifier.head, classifier.feature_map(images, training=True))
        features = pool(inputs)
        features = ops.cast(features, float32_or_float64(features.dtype))
        return classifier.head(inputs, training=True), features

    def loss(
        self,
        classifier: Classifier,
        labels: Any,
        logits: Any,
        kept: Any,
        classification_loss: Callable[[Any, Any], Any],
    ) -> Any:
        """Add the loss on features to that of the stage."""
        loss = classification_loss(labels, logits)
        return loss + ops.cast(self.feature_loss(labels, kept), loss.dtype)

    def feature_loss(self, labels: Any, features: Any) -> Any:
        """Return the scalar to add, for labels as the stage's loss takes them."""
        raise NotImplementedError(f"{type(self).__name__} must implement feature_loss(labels, features).")
