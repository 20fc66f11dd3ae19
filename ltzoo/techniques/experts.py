"""Joint training of diverse experts (RIDE's first stage)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.class_counts import ClassCounts
from ltzoo.heads.inputs import head_inputs
from ltzoo.losses.expert_diversity import diversity_temperatures, expert_diversity
from ltzoo.protocols import Classifier
from ltzoo.techniques.base import Technique
from ltzoo.techniques.registry import register


@register("experts")
@keras.saving.register_keras_serializable(package="ltzoo")
class Experts(Technique):
    """Every expert learns by itself, and is rewarded for predicting other than the rest (RIDE, Wang et al. 2021).

        loss = sum_i L(y, z_i) + diversity_factor * mean over the batch of D(z_1, .., z_E)

    with the loss L of the stage and the divergence D of `ltzoo.losses.expert_diversity.expert_diversity`, at the
    temperatures of `diversity_temperatures`. It needs the head "experts" or "routed_experts".

    The published schedule is two stages. Before the epoch of re-weighting all temperatures are T
    (`reweight_factor=0`) and L is the LDAM loss; from then on the temperatures differ between classes
    (`reweight_factor=0.05`) and L has class weights.

    Args:
        class_counts: training images per class; filled in by the classifier.
        diversity_factor: -0.2 in the published code; 0 is plain joint training.
        temperature: T.
        reweight_factor: gamma of the temperatures; see `diversity_temperatures`.
        form: "published" (default) or "paper", of the divergence and of the temperatures. The paper compares each
            expert with each other one; the released code, from which the published results come, compares it with
            the softmax of the mean logits, held constant, times T^2.
        classify: "experts", L of each expert; or "mean", E times L of the mean logits, which is what the published
            code does when its diversity factor is 0.
    """

    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray | None = None,
        diversity_factor: float = -0.2,
        temperature: float = 1.0,
        reweight_factor: float = 0.05,
        form: str = "published",
        classify: str = "experts",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if classify not in ("experts", "mean"):
            raise ValueError(f"`classify` must be 'experts' or 'mean'. Received: classify={classify!r}")
        self.class_counts = None if class_counts is None else ClassCounts(class_counts)
        self.diversity_factor = float(diversity_factor)
        self.temperature = float(temperature)
        self.reweight_factor = float(reweight_factor)
        self.form = form
        self.classify = classify
        counts = [1] if self.class_counts is None else self.class_counts
        self._temperatures = diversity_temperatures(counts, self.temperature, self.reweight_factor, form)

    def attach(self, classifier: Classifier) -> None:
        """Check that the head has experts."""
        if not any(hasattr(head, "expert_logits") for head in classifier.heads):
            raise ValueError(
                "The technique 'experts' needs the head 'experts' or 'routed_experts'. Received: "
                f"{', '.join(type(head).__name__ for head in classifier.heads)}"
            )

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Compute the mean logits; keep those of each expert."""
        features = head_inputs(classifier.head, classifier.feature_map(images, training=True))
        expert_logits = classifier.head.expert_logits(features, training=True)
        return ops.mean(expert_logits, axis=1), expert_logits

    def loss(
        self,
        classifier: Classifier,
        labels: Any,
        logits: Any,
        kept: Any,
        classification_loss: Callable[[Any, Any], Any],
    ) -> Any:
        """See the class."""
        expert_logits, num_experts = kept, kept.shape[1]
        if self.classify == "mean":
            total = num_experts * classification_loss(labels, logits)
        else:
            total = sum(classification_loss(labels, expert_logits[:, i]) for i in range(num_experts))
        if self.diversity_factor:
            diversity = ops.mean(expert_diversity(expert_logits, self._temperatures, self.form))
            total = total + self.diversity_factor * ops.cast(diversity, total.dtype)
        return total

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "class_counts": None if self.class_counts is None else self.class_counts.tolist(),
            "diversity_factor": self.diversity_factor,
            "temperature": self.temperature,
            "reweight_factor": self.reweight_factor,
            "form": self.form,
            "classify": self.classify,
        }
