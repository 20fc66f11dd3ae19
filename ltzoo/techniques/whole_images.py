"""Training on whole images although prediction uses crops (first stage of CAMC++)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from ltzoo.heads.inputs import head_inputs
from ltzoo.protocols import Classifier
from ltzoo.techniques.base import Technique
from ltzoo.techniques.registry import register


@register("whole_images")
@keras.saving.register_keras_serializable(package="ltzoo")
class WholeImages(Technique):
    """Train the network inside the backbone conversion "camc_plus_plus" on whole images.

    CAMC++ trains the backbone on whole images and uses crops only in the second stage ("we can directly use the
    trained backbone in the first stage to encode patches", Zhang et al., section III-B). This stage is also measured
    on whole images, with the network that it trains; 25 crops of each would cost more than the training.

    Raises:
        ValueError: if the backbone does not have that conversion.
    """

    def attach(self, classifier: Classifier) -> None:
        """Check that the backbone has the conversion."""
        if not any(layer.name == "crops" for layer in classifier.backbone.layers):
            raise ValueError(
                "`backbone` must have the conversion 'camc_plus_plus' for the technique 'whole_images'. "
                f"Received: backbone={classifier.backbone.name!r}"
            )

    @staticmethod
    def same_training(
        config: Mapping[str, Any], conversions: Sequence[Mapping[str, Any]]
    ) -> tuple[Mapping[str, Any] | None, Sequence[Mapping[str, Any]]]:
        """Return no technique and no crops: the network without them sees the same images."""
        if conversions and conversions[-1]["name"] == "camc_plus_plus":
            return None, conversions[:-1]
        return config, conversions

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Compute the logits `[B, C]` of raw pixels with the encoder alone."""
        return self._logits(classifier, images, True), None

    def validation_pass(self, classifier: Classifier, images: Any) -> Any:
        """Compute the same in inference mode."""
        return self._logits(classifier, images, False)

    def _logits(self, classifier, images, training):
        encoder = classifier.backbone.get_layer("crops").encoder
        maps = encoder(classifier.normalize_images(images, training=training), training=training)
        return classifier.head(head_inputs(classifier.head, maps), training=training)
