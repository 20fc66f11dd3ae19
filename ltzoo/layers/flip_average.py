"""The average over an image and its mirror image, in inference."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="ltzoo")
class FlipAverage(keras.layers.Layer):
    """(f(x) + mirror(f(mirror(x)))) / 2 in inference, and f(x) in training.

    x are images [batch, H, W, C]; mirror turns left and right around, of a map [batch, h, w, D] too, so that both maps
    show the same places; features [batch, D] have no sides. Before a linear head the average of the features is the
    average of the two images' logits. Inference costs two passes.

    Args:
        encoder: f, a `keras.Model` from images to a map or to features.
    """

    def __init__(self, encoder: keras.Model, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.encoder = encoder

    def build(self, input_shape):
        if not self.encoder.built:
            self.encoder.build(input_shape)
        self.built = True

    def call(self, images, training=None):
        outputs = self.encoder(images, training=training)
        if training:
            return outputs
        mirrored = self.encoder(ops.flip(images, axis=2), training=training)
        if len(mirrored.shape) == 4:
            mirrored = ops.flip(mirrored, axis=2)
        return (outputs + mirrored) / 2

    def compute_output_shape(self, input_shape):
        return self.encoder.compute_output_shape(input_shape)

    def get_config(self):
        return {**super().get_config(), "encoder": keras.saving.serialize_keras_object(self.encoder)}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "encoder": keras.saving.deserialize_keras_object(config["encoder"])})
