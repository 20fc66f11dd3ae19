"""Joint training of diverse experts (first stage of RIDE)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.checks import Positive, one_of
from ltzoo.class_counts import ClassCounts
from ltzoo.heads.inputs import head_inputs
from ltzoo.losses.expert_diversity import diversity_temperatures, expert_diversity
from ltzoo.protocols import Classifier
from ltzoo.techniques.base import Technique
from ltzoo.techniques.registry import register


@register("experts")
@keras.saving.register_keras_serializable(package="ltzoo")
class Experts(Technique):
    """Train each expert on its own loss, and reward experts that disagree (RIDE, Wang et al. 2021).

        loss = sum_i L(y, z_i) + diversity_factor * mean over the batch of D(z_1, .., z_E)

    z_i are the logits of expert i of E, and L is the loss of the stage. D is the divergence
    `ltzoo.losses.expert_diversity.expert_diversity`, at the temperatures of `diversity_temperatures`. It needs the
    head "experts" or "routed_experts".

    The published schedule has two stages. Before the epoch of re-weighting, all temperatures are T
    (`reweight_factor=0`) and L is the LDAM loss. After it, temperatures differ between classes
    (`reweight_factor=0.05`) and L has class weights.

    Args:
        class_counts: training images per class; filled in by the classifier.
        diversity_factor: -0.2 in the published code for ImageNet-LT and iNaturalist, -0.45 for CIFAR-100-LT; 0 is plain
            joint training.
        temperature: T.
        reweight_factor: gamma of the temperatures; see `diversity_temperatures`.
        form: form of the divergence and the temperatures, "published" (default) or "paper". The paper compares each
            expert with every other one. The released code, which gave the published results, compares it with the
            softmax of the mean logits, held constant, times T^2.
        classify: "experts" for L of each expert. "mean" for E times L of the mean logits, as in the published code
            with a diversity factor of 0.

    Raises:
        ValueError: if `classify` or `form` is unknown, or no head has experts.
    """

    def __init__(
        self,
        class_counts: Sequence[int] | np.ndarray | None = None,
        diversity_factor: float = -0.2,
        temperature: Positive = 1.0,
        reweight_factor: float = 0.05,
        form: str = "published",
        classify: str = "experts",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        one_of("classify", classify, ("experts", "mean"))
        self.class_counts = None if class_counts is None else ClassCounts(class_counts)
        self.diversity_factor = float(diversity_factor)
        self.temperature = float(temperature)
        self.reweight_factor = float(reweight_factor)
        self.form = form
        self.classify = classify
        counts = [1] if self.class_counts is None else self.class_counts
        self._temperatures = diversity_temperatures(counts, self.temperature, self.reweight_factor, form)

    def attach(self, classifier: Classifier) -> None:
        """Check that a head has experts."""
        if not any(hasattr(head, "expert_logits") for head in classifier.heads):
            raise ValueError(
                "`head` must be 'experts' or 'routed_experts' for the technique 'experts'. Received: "
                f"head={', '.join(type(head).__name__ for head in classifier.heads)}"
            )

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Compute the mean logits `[B, C]`; keep the logits `[B, E, C]` of the experts."""
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
        """Compute the sum of the experts' losses and the weighted diversity; see the class."""
        expert_logits, num_experts = kept, kept.shape[1]
        if self.classify == "mean":
            total = num_experts * classification_loss(labels, logits)
        else:
            total, *others = (classification_loss(labels, expert_logits[:, i]) for i in range(num_experts))
            for other in others:
                total = total + other
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
