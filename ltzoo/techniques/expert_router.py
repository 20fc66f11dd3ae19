"""Training of the router that decides how many experts an image needs (second stage of RIDE)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from ltzoo.checks import Positive
from ltzoo.heads.inputs import head_inputs
from ltzoo.losses.expert_routing import (
    ensemble_logits,
    more_experts_help,
    positive_weighted_binary_cross_entropy,
)
from ltzoo.protocols import Classifier
from ltzoo.techniques.base import Technique
from ltzoo.techniques.registry import register


@register("expert_router")
@keras.saving.register_keras_serializable(package="ltzoo")
class ExpertRouter(Technique):
    """Train the router of the head "routed_experts" (RIDE, Wang et al. 2021, Section 4.3).

        loss = mean over k = 1 .. E - 1 and the batch of -w t_k log s(r_k) - (1 - t_k) log(1 - s(r_k))

    t_k is 1 if the first k of E experts are wrong together and a larger group is right (`more_experts_help`), else 0.
    s is the logistic function and r_k the router's output. No gradient reaches the experts. Only validation reports
    the loss of the stage.

    Args:
        positive_weight: w, 100 in the published configurations.

    Raises:
        ValueError: if the head has no router, or `positive_weight` is not above 0.
    """

    def __init__(self, positive_weight: Positive = 100.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not positive_weight > 0:
            raise ValueError(
                f"`positive_weight` must be above 0. Received: positive_weight={positive_weight}"
            )
        self.positive_weight = float(positive_weight)

    def attach(self, classifier: Classifier) -> None:
        """Check that a head has a router."""
        if not any(hasattr(head, "routing_logits") for head in classifier.heads):
            raise ValueError(
                "`head` must be 'routed_experts' in the stage of 'expert_router'. Received: "
                f"head={', '.join(type(head).__name__ for head in classifier.heads)}"
            )

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Compute the mean logits `[B, C]` of all experts; keep the logits per group and the router's outputs."""
        head = classifier.head
        features = head_inputs(head, ops.stop_gradient(classifier.feature_map(images, training=True)))
        ensembles = ops.stop_gradient(ensemble_logits(head.expert_logits(features, training=False)))
        return ensembles[:, -1], (ensembles, head.routing_logits(features, ensembles))

    def loss(
        self,
        classifier: Classifier,
        labels: Any,
        logits: Any,
        kept: Any,
        classification_loss: Callable[[Any, Any], Any],
    ) -> Any:
        """Compute the weighted binary cross-entropy of the router; see the class."""
        ensembles, routing = kept
        targets = more_experts_help(labels, ensembles)
        return ops.mean(positive_weighted_binary_cross_entropy(targets, routing, self.positive_weight))

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "positive_weight": self.positive_weight}
