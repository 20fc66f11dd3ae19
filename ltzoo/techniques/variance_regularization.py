"""A penalty on uneven batch normalization parameters, which the NBN paper compares with NBN."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from ltzoo.backbones.norm_placement import select_norms
from ltzoo.checks import NonNegative
from ltzoo.keras_internals import untracked
from ltzoo.layers.normalized_batch_normalization import NormalizedBatchNormalization
from ltzoo.protocols import Classifier
from ltzoo.techniques.base import Technique
from ltzoo.techniques.registry import register


@register("variance_regularization")
@keras.saving.register_keras_serializable(package="ltzoo")
class VarianceRegularization(Technique):
    """Penalize the variance of batch normalization's scales gamma and offsets beta.

        loss = L + strength * sum over layers (Var(gamma) + Var(beta))
        Var(v) = sum_k (v_k - mean v)^2 / (C - 1)

    L is the loss of the stage and C the number of channels (Bao et al., 2024, section III-B and Table IV). Like NBN,
    this evens out the strengths of the channels, but by a separate objective with a strength to tune.

    Deviation: the paper describes the penalty in words only. The form of the variance follows its Eq. 5. The sum over
    layers and the choice of NBN's layers are an interpretation.

    Args:
        strength: coefficient of the penalty. Table IV has 0.1 and 1; 0.1 is better there and the default here.
        placement: layers to penalize; see `ltzoo.backbones.norm_placement.select_norms`. The default selects the
            layers that NBN would replace.

    Raises:
        ValueError: if `strength` is negative, the backbone is not functional or has no such layers, or NBN layers are
            among them. Only the directions of NBN's vectors matter.
    """

    def __init__(
        self, strength: NonNegative = 0.1, placement: str | Sequence[str] = "paper", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not strength >= 0:
            raise ValueError(f"`strength` must be 0 or more. Received: strength={strength}")
        self.strength = float(strength)
        self.placement = placement if isinstance(placement, str) else list(placement)

    def attach(self, classifier: Classifier) -> None:
        """Find the layers in the backbone."""
        if not hasattr(classifier.backbone, "operations"):
            raise ValueError(
                "`backbone` must be functional for 'variance_regularization', which finds its layers in the graph. "
                f"Received: backbone={type(classifier.backbone).__name__}"
            )
        layers = select_norms(classifier.backbone, self.placement)
        for layer in layers:
            if isinstance(layer, NormalizedBatchNormalization):
                raise ValueError(
                    "`placement` must select plain batch normalization layers; NBN layers are already normalized. "
                    f"Received: placement={self.placement!r}, which selects {layer.name!r}"
                )
        # The layers belong to the backbone.
        untracked(self, "_layers_of_backbone", tuple(layers))

    def penalty(self) -> Any:
        """Compute the sum over layers of Var(gamma) + Var(beta), a float32 scalar."""
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
