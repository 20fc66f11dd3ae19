"""Test-time augmentation: average over an image, its mirror image and shifts of both."""

import keras

from ltzoo.backbones.conversions.registry import register
from ltzoo.checks import NonNegativeInt
from ltzoo.layers.flip_average import FlipAverage

OWN = 32  # Image size in pixels that a recipe's shift is given for.


def _fitted(config, image_size, upright):
    if upright:
        return None
    if "shift" in config:
        config["shift"] = config["shift"] * image_size[0] // OWN
    if config.get("transpose") and image_size[0] != image_size[1]:
        config["transpose"] = False
    return config


@register("flip_average", fitted=_fitted)
def flip_average(backbone: keras.Model, shift: NonNegativeInt = 0, transpose: bool = False) -> keras.Model:
    """Average features over an image and its mirror image in inference; see `ltzoo.layers.FlipAverage`.

    Training costs the same. Inference costs twice as much, or four times with a shift or transposes, in evaluation,
    prediction and exported models. The backbone is `model.get_layer("both_sides").encoder`. Apply other conversions
    before this one.

    Args:
        backbone: a model from images to a map or to features.
        shift: pixels to move an image along the diagonal, both ways; 0 does not move it.
        transpose: average over the transposed images as well, which must be square.
    """
    images = keras.Input(backbone.input_shape[1:], name="images")
    outputs = FlipAverage(backbone, shift=shift, transpose=transpose, name="both_sides")(images)
    return keras.Model(images, outputs, name=f"{backbone.name}_flip_average")
