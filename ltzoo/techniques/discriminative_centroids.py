"""A loss that keeps features near the centroid of their class and away from others (OLTR)."""

from __future__ import annotations

from typing import Any

import keras

from ltzoo.checks import NonNegative
from ltzoo.heads.inputs import head_inputs
from ltzoo.keras_internals import untracked
from ltzoo.losses.discriminative_centroids import discriminative_centroids
from ltzoo.protocols import Classifier
from ltzoo.techniques.feature_loss import FeatureLoss
from ltzoo.techniques.registry import register
from ltzoo.techniques.views import check_views, classes_of


@register("discriminative_centroids")
@keras.saving.register_keras_serializable(package="ltzoo")
class DiscriminativeCentroids(FeatureLoss):
    """Train the memory of the head "meta_embedding", and draw features to it (OLTR, Liu et al., CVPR 2019).

        loss = L + D(y, x ; M)

    L is the stage's loss, x are the direct features of the head and M its centroids, and D is
    `ltzoo.losses.discriminative_centroids.discriminative_centroids`.

    Args:
        weight: 0.01 as published.
        margin: 10 as published.
        repulsion: 0.01 as published.

    Raises:
        ValueError: an argument is out of range, no head has a memory, or images have several views or mixed labels.
    """

    def __init__(
        self,
        weight: NonNegative = 0.01,
        margin: NonNegative = 10.0,
        repulsion: NonNegative = 0.01,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.weight = float(weight)
        self.margin = float(margin)
        self.repulsion = float(repulsion)

    def attach(self, classifier: Classifier) -> None:
        """Check the stage and its head."""
        check_views(classifier, self, 1, "discriminative_centroids", companion=False)
        head = classifier.heads[classifier.head_numbers[self.stage_index(classifier)]]
        if not hasattr(head, "memory"):
            raise ValueError(
                "`head` of 'discriminative_centroids' must be 'meta_embedding', whose memory it trains. "
                f"Received: head={type(head).__name__}"
            )
        untracked(self, "_head", head)

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Compute the logits `[B, C]`; keep the direct features `[B, D]`."""
        head: Any = classifier.head
        features = head.embed(head_inputs(head, classifier.feature_map(images, training=True)))
        return head.classify(features), features

    def feature_loss(self, labels: Any, features: Any) -> Any:
        """Compute what is added to the loss of the stage."""
        return discriminative_centroids(
            classes_of(labels, "discriminative_centroids"),
            features,
            self._head.memory,
            weight=self.weight,
            margin=self.margin,
            repulsion=self.repulsion,
        )

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "weight": self.weight,
            "margin": self.margin,
            "repulsion": self.repulsion,
        }
