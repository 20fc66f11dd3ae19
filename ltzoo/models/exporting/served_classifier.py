"""The inference part of a classifier: normalization, backbone and the last head."""

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
    """The inference part of a classifier: `logits = head(pool(backbone((pixels / 255 - mean) / std)))`.

    The input is raw pixels 0..255 `[batch, height, width, channels]`, the output logits `[batch, num_classes]`, both
    float32. The model has no clouds, techniques, augmentations, optimizer or heads of earlier stages, so no exported
    file can hold them. Its layers are called with `training=False`.

    Args:
        backbone: a `keras.Model` from normalized images to maps `[batch, h, w, D]` or features `[batch, D]`.
        head: the layer that computes logits from maps or features.
        image_shape: (height, width, channels).
        mean, std: pixel statistics per channel, on the 0..1 scale.
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
        """Call the model once if its head is not built, so that every format finds it called."""
        self.built = True
        if not self.head.built:
            self(np.zeros((1, *self.image_shape), "float32"))

    def call(self, images):
        """Compute float32 logits `[batch, num_classes]` of raw pixels."""
        maps = self.backbone(normalize(images, self.mean, self.std), training=False)
        logits = self.head(head_inputs(self.head, maps), training=False)
        return ops.cast(logits, "float32")

    def compute_output_shape(self, input_shape):
        """Return `(batch, num_classes)`."""
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
        """Make a model from the output of `get_config`."""
        config = dict(config)
        for part in ("backbone", "head"):
            config[part] = keras.saving.deserialize_keras_object(config[part], custom_objects=custom_objects)
        return cls(**config)


def served_classifier(model: Classifier) -> ServedClassifier:
    """Return the inference part of `model`, in float32. Layers that use another dtype are copied."""
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
