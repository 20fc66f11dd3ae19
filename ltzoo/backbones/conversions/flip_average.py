"""Test-time flips and shifts: predictions for an image, its mirror image and shifts of both, averaged."""

import keras

from ltzoo.backbones.conversions.registry import register
from ltzoo.layers.flip_average import FlipAverage

OWN = 32  # pixels of the images that a recipe's shift is for


def _fitted(config, image_size, upright):
    if upright:
        return None
    return {**config, "shift": config["shift"] * image_size[0] // OWN} if "shift" in config else config


@register("flip_average", fitted=_fitted)
def flip_average(backbone: keras.Model, shift: int = 0) -> keras.Model:
    """The backbone with the average over an image and its mirror image in inference; see `ltzoo.layers.FlipAverage`.

    Training costs what it did; inference costs twice as much, with a shift four times, wherever the model goes:
    evaluation, prediction and exported models. The backbone itself is `model.get_layer("both_sides").encoder`. Other
    conversions come before.

    Args:
        backbone: a model from images to a map or to features.
        shift: pixels by which an image is moved along the diagonal, to either side; 0 leaves it where it is.
    """
    images = keras.Input(backbone.input_shape[1:], name="images")
    outputs = FlipAverage(backbone, shift=shift, name="both_sides")(images)
    return keras.Model(images, outputs, name=f"{backbone.name}_flip_average")
