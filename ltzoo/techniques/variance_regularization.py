"""A penalty on uneven batch normalization parameters, the alternative that NBN is compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from ltzoo.backbones.norm_placement import select_norms
from ltzoo.keras_internals import untracked
from ltzoo.layers.normalized_batch_normalization import NormalizedBatchNormalization
from ltzoo.protocols import Classifier
from ltzoo.techniques.base import Technique
from ltzoo.techniques.registry import register


@register("variance_regularization")
@keras.saving.register_keras_serializable(package="ltzoo")
class VarianceRegularization(Technique):
    """loss + strength * sum over layers (Var(gamma) + Var(beta)), Var(v) = sum_k (v_k - mean v)^2 / (C - 1).

    Variance regularization of the scales and offsets of batch normalization (Bao et al., 2024, section III-B and Table
    IV): like NBN it evens out the strengths of the channels, but by another objective with a strength to tune.

    Args:
        strength: The coefficient; 0.1 and 1 in Table IV, where 0.1 is the better one and the default here.
        placement: Which layers; see ``ltzoo.backbones.norm_placement.select_norms``. Default: where NBN has its own.

    Raises:
        ValueError: A negative strength, a backbone that is not functional or has no such layers, or NBN layers among
            them, whose vectors only count by their directions.

    Deviation: the paper gives the penalty in words only. The form of the variance is that of its Eq. 5; that the layers
    are summed, and that they are those of NBN, is a reading.
    """

    def __init__(
        self, strength: float = 0.1, placement: str | Sequence[str] = "paper", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not strength >= 0:
            raise ValueError(f"strength must be 0 or more. Received: strength={strength}")
        self.strength = float(strength)
        self.placement = placement if isinstance(placement, str) else list(placement)

    def attach(self, classifier: Classifier) -> None:
        """Find the layers in the backbone."""
        if not hasattr(classifier.backbone, "operations"):
            raise ValueError(
                "The technique 'variance_regularization' finds its layers in the graph of a functional backbone. "
                f"Received: backbone of type {type(classifier.backbone).__name__}"
            )
        layers = select_norms(classifier.backbone, self.placement)
        for layer in layers:
            if isinstance(layer, NormalizedBatchNormalization):
                raise ValueError(
                    "Penalize the variance of plain batch normalization layers: those of NBN are normalized already. "
                    f"Received: {layer.name!r}"
                )
        # The layers belong to the backbone.
        untracked(self, "_layers_of_backbone", tuple(layers))

    def penalty(self) -> Any:
        """sum over layers (Var(gamma) + Var(beta)), a float32 scalar."""
        vectors = [
            v for layer in self._layers_of_backbone for v in (layer.gamma, layer.beta) if v is not None
        ]
        return sum(_variance(ops.cast(vector, "float32")) for vector in vectors)

    def loss(
        self,
        classifier: Classifier,
        labels: Any,
        logits: Any,
        kept: Any,
        classification_loss: Callable[[Any, Any], Any],
    ) -> Any:
        """Add the penalty to the stage's loss."""
        loss = classification_loss(labels, logits)
        return loss + ops.cast(self.strength * self.penalty(), loss.dtype)

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "strength": self.strength, "placement": self.placement}


def _variance(vector):
    return ops.sum(ops.square(vector - ops.mean(vector))) / max(vector.shape[0] - 1, 1)
