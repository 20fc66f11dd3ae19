"""Average over an image, its mirror image, and shifts and transposes of both, in inference."""

from typing import Any

import keras
from keras import ops

from ltzoo.arguments import checked
from ltzoo.checks import NonNegativeInt


@keras.saving.register_keras_serializable(package="ltzoo")
class FlipAverage(keras.layers.Layer):
    """Average an encoder over mirrored and shifted views in inference; encode plainly in training.

    Inference returns the mean of (f(v) + mirror(f(mirror(v)))) / 2 over the views v of the images x [batch, H, W, C];
    training returns f(x). With `shift` 0 the only view is x. Otherwise there are two: x moved by `shift` pixels down
    and right, and up and left, with mirrored edges. mirror swaps left and right, also of a map [batch, h, w, D], so
    that both maps show the same places. Features [batch, D] are not mirrored. Before a linear head, averaging the
    features averages the logits. With `transpose`, the mean also has the transposed images (rows become columns), and
    maps are transposed back: use it for images without an up side, which must be square. Inference costs two passes,
    times two with a shift, times two with transposes.

    Args:
        encoder: f, a `keras.Model` from images to a map or to features.
        shift: pixels, fewer than H and W.
        transpose: whether to average over the transposed images as well.

    Raises:
        ValueError: if `shift` is below 0 or not below the known sides of the images, or `transpose` is True and the
            images are not square.
    """

    @checked
    def __init__(
        self, encoder: keras.Model, shift: NonNegativeInt = 0, transpose: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if shift != int(shift) or shift < 0:
            raise ValueError(f"`shift` must be a whole number of pixels, 0 or more. Received: shift={shift}")
        self.encoder = encoder
        self.shift = int(shift)
        self.transpose = bool(transpose)
        self.averages = True  # False: f(x) in inference as well. Not saved.

    def build(self, input_shape):
        """Build the encoder, and check `shift` against the image size."""
        sides = [side for side in input_shape[1:3] if side is not None]
        if sides and self.shift >= min(sides):
            raise ValueError(
                "`shift` must be less than the height and width of the images. "
                f"Received: shift={self.shift}, input_shape={tuple(input_shape)}"
            )
        if self.transpose and len(set(sides)) > 1:
            raise ValueError(
                "`transpose` needs square images; load the data with one number as image size. "
                f"Received: transpose=True, input_shape={tuple(input_shape)}"
            )
        if not self.encoder.built:
            self.encoder.build(input_shape)
        self.built = True

    def call(self, images, training=None):
        """Return the encoder's output, averaged over the views in inference."""
        if training or not self.averages:
            return self.encoder(images, training=training)
        views = [moved(images, self.shift), moved(images, -self.shift)] if self.shift else [images]
        outputs = [output for view in views for output in self._both_sides(view, training)]
        if self.transpose:
            turned = [output for view in views for output in self._both_sides(_transposed(view), training)]
            outputs += [_transposed(output) for output in turned]
        return sum(outputs[1:], outputs[0]) / len(outputs)

    def _both_sides(self, images, training):
        outputs = self.encoder(images, training=training)
        mirrored = self.encoder(ops.flip(images, axis=2), training=training)
        return outputs, ops.flip(mirrored, axis=2) if len(mirrored.shape) == 4 else mirrored

    def compute_output_shape(self, input_shape):
        """Return the output shape of the encoder."""
        return self.encoder.compute_output_shape(input_shape)

    def get_config(self):
        """Return the constructor arguments, with the encoder serialized."""
        encoder = keras.saving.serialize_keras_object(self.encoder)
        return {**super().get_config(), "encoder": encoder, "shift": self.shift, "transpose": self.transpose}

    @classmethod
    def from_config(cls, config):
        """Build the layer from the result of `get_config`."""
        return cls(**{**config, "encoder": keras.saving.deserialize_keras_object(config["encoder"])})


def _transposed(values):
    """Swap rows and columns of images or maps; leave features [batch, D] as they are."""
    return ops.transpose(values, (0, 2, 1, 3)) if len(values.shape) == 4 else values


def moved(images, pixels: int):
    """Move the content of images [batch, H, W, C] down and right, or up and left if `pixels` is below 0.

    The free border is filled with the neighboring pixels in reverse, without the pixel at the edge.
    """
    if pixels > 0:
        rows = ops.concatenate([ops.flip(images[:, 1 : pixels + 1], axis=1), images[:, :-pixels]], axis=1)
        edge = ops.flip(rows[:, :, 1 : pixels + 1], axis=2)
        return ops.concatenate([edge, rows[:, :, :-pixels]], axis=2)
    rows = ops.concatenate([images[:, -pixels:], ops.flip(images[:, pixels - 1 : -1], axis=1)], axis=1)
    return ops.concatenate([rows[:, :, -pixels:], ops.flip(rows[:, :, pixels - 1 : -1], axis=2)], axis=2)
