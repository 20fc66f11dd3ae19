"""Training on whole images where prediction sees crops (first stage of CAMC++)."""

from __future__ import annotations

from typing import Any

import keras

from ltzoo.heads.inputs import head_inputs
from ltzoo.protocols import Classifier
from ltzoo.techniques.base import Technique
from ltzoo.techniques.registry import register


@register("whole_images")
@keras.saving.register_keras_serializable(package="ltzoo")
class WholeImages(Technique):
    """Trains the network behind the backbone conversion "camc_plus_plus" as if the conversion were not there.

    CAMC++ trains the backbone on whole images and uses crops in the second stage only ("we can directly use the
    trained backbone in the first stage to encode patches", Zhang et al., section III-B). Validation in this stage
    sees crops already, as it is prediction.
    """

    def attach(self, classifier: Classifier) -> None:
        """Check that there is such a conversion."""
        if not any(layer.name == "crops" for layer in classifier.backbone.layers):
            raise ValueError(
                "The technique 'whole_images' needs the backbone conversion 'camc_plus_plus'. "
                f"Received: backbone={classifier.backbone.name!r}"
            )

    def training_pass(self, classifier: Classifier, images: Any) -> tuple[Any, Any]:
        """Compute logits of raw pixels with the encoder alone."""
        encoder = classifier.backbone.get_layer("crops").encoder
        maps = encoder(classifier.normalize_images(images, training=True), training=True)
        return classifier.head(head_inputs(classifier.head, maps), training=True), None
