"""The average over an image, its mirror image and small shifts of both, in inference."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="ltzoo")
class FlipAverage(keras.layers.Layer):
    """The mean of (f(v) + mirror(f(mirror(v)))) / 2 over the views v of an image in inference, and f(x) in training.

    x are images [batch, H, W, C]. There is one view, x itself, where ``shift`` is 0; else there are two, x moved by
    ``shift`` pixels down and right, and up and left, the edges mirrored. mirror turns left and right around, of a map
    [batch, h, w, D] too, so that both maps show the same places; features [batch, D] have no sides. Before a linear
    head the average of the features is that of the logits. Inference costs two passes, with a shift four.

    Args:
        encoder: f, a `keras.Model` from images to a map or to features.
        shift: pixels, fewer than H and W.

    Raises:
        ValueError: ``shift`` is below 0, or not below the known sides of the images.
    """

    def __init__(self, encoder: keras.Model, shift: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if shift != int(shift) or shift < 0:
            raise ValueError(f"shift must be a number of pixels, 0 or more. Received: shift={shift}")
        self.encoder = encoder
        self.shift = int(shift)
        self.averages = True  # False: f(x) in inference, too. It is not saved.

    def build(self, input_shape):
        sides = [side for side in input_shape[1:3] if side is not None]
        if sides and self.shift >= min(sides):
            raise ValueError(
                f"shift must be less than the sides of the images. Received: shift={self.shift}, "
                f"images of shape {tuple(input_shape[1:])}"
            )
        if not self.encoder.built:
            self.encoder.build(input_shape)
        self.built = True

    def call(self, images, training=None):
        if training or not self.averages:
            return self.encoder(images, training=training)
        views = [moved(images, self.shift), moved(images, -self.shift)] if self.shift else [images]
        outputs = [output for view in views for output in self._both_sides(view, training)]
        return sum(outputs[1:], outputs[0]) / len(outputs)

    def _both_sides(self, images, training):
        outputs = self.encoder(images, training=training)
        mirrored = self.encoder(ops.flip(images, axis=2), training=training)
        return outputs, ops.flip(mirrored, axis=2) if len(mirrored.shape) == 4 else mirrored

    def compute_output_shape(self, input_shape):
        return self.encoder.compute_output_shape(input_shape)

    def get_config(self):
        """Return the constructor arguments."""
        encoder = keras.saving.serialize_keras_object(self.encoder)
        return {**super().get_config(), "encoder": encoder, "shift": self.shift}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "encoder": keras.saving.deserialize_keras_object(config["encoder"])})


def moved(images, pixels: int):
    """Images [batch, H, W, C] whose content lies so many pixels further down and right, up and left if below 0.

    What is left free shows the pixels beside it in reverse, without the one at the edge.
    """
    if pixels > 0:
        rows = ops.concatenate([ops.flip(images[:, 1 : pixels + 1], axis=1), images[:, :-pixels]], axis=1)
        edge = ops.flip(rows[:, :, 1 : pixels + 1], axis=2)
        return ops.concatenate([edge, rows[:, :, :-pixels]], axis=2)
    rows = ops.concatenate([images[:, -pixels:], ops.flip(images[:, pixels - 1 : -1], axis=1)], axis=1)
    return ops.concatenate([rows[:, :, -pixels:], ops.flip(rows[:, :, pixels - 1 : -1], axis=2)], axis=2)
