"""The part of a classifier that serves: normalisation, backbone and the last head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ltzoo.heads.inputs import head_input_shape, head_inputs
from ltzoo.models.layer_precision import float32_layer
from ltzoo.models.normalization import normalize
from ltzoo.protocols import Classifier


@keras.saving.register_keras_serializable(package="ltzoo")
class ServedClassifier(keras.Model):
    """`logits = head(pool(backbone((pixels / 255 - mean) / std)))` in inference, and nothing else.

    It owns no clouds, techniques, augmentations, optimizer or heads of earlier stages, so no exported file can hold
    them, and calls its layers with `training=False`.

    Args:
        backbone: a `keras.Model` from normalised images to maps or features.
        head: the classifier on top, which gives the logits.
        image_shape: (height, width, channels).
        mean, std: per channel, on the 0..1 scale of pixels.

    Input and output: raw pixels 0..255 `[batch, height, width, channels]` -> `[batch, num_classes]`, float32.
    """

    def __init__(
        self,
        backbone: keras.Model,
        head: keras.layers.Layer,
        image_shape: Sequence[int],
        mean: Sequence[float],
        std: Sequence[float],
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.backbone = backbone
        self.head = head
        self.image_shape = tuple(image_shape)
        self.mean, self.std = tuple(mean), tuple(std)

    def build(self, input_shape):
        """Runs once, so that every format finds the model called."""
        self.built = True
        if not self.head.built:
            self(np.zeros((1, *self.image_shape), "float32"))

    def call(self, images):
        """Raw pixels to logits."""
        maps = self.backbone(normalize(images, self.mean, self.std), training=False)
        logits = self.head(head_inputs(self.head, maps), training=False)
        return ops.cast(logits, "float32")

    def compute_output_shape(self, input_shape):
        """`(batch, num_classes)`."""
        shape = (input_shape[0], *self.backbone.output_shape[1:])
        return self.head.compute_output_shape(head_input_shape(self.head, shape))

    def get_config(self):
        """Return the constructor arguments."""
        return {
            "name": self.name,
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "head": keras.saving.serialize_keras_object(self.head),
            "image_shape": list(self.image_shape),
            "mean": list(self.mean),
            "std": list(self.std),
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The inverse of `get_config`."""
        config = dict(config)
        for part in ("backbone", "head"):
            config[part] = keras.saving.deserialize_keras_object(config[part], custom_objects=custom_objects)
        return cls(**config)


def served_classifier(model: Classifier) -> ServedClassifier:
    """The inference part of `model`, in float32. Layers that use another dtype are copied."""
    served = ServedClassifier(
        float32_layer(model.backbone),
        float32_layer(model.head),
        model.image_shape,
        model.mean,
        model.std,
        name="served_classifier",
    )
    served.build((None, *model.image_shape))
    return served
