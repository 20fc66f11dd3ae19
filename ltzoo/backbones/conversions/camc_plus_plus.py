"""The feature map of CAMC++: one position per shifted crop of the image."""

import keras

from ltzoo.backbones.conversions.registry import register
from ltzoo.checks import Few, PositiveInt
from ltzoo.layers import ShiftedCropEncoder


@register("camc_plus_plus")
def camc_plus_plus(backbone: keras.Model, grid: Few = 5, crops_at_once: PositiveInt = 1) -> keras.Model:
    """Encode M x M shifted crops of each image: images to `[batch, M, M, D]`; see `ltzoo.layers.ShiftedCropEncoder`.

    The backbone, with its weights, is `model.get_layer("crops").encoder`. The paper first trains it on whole images;
    see the technique "whole_images". Apply other conversions before this one.

    Args:
        backbone: a model with a fixed image size.
        grid: M; one pass costs M^2 passes of the backbone.
        crops_at_once: most crops of an image in one pass, which bounds the memory; the figures do not depend on it.

    Raises:
        ValueError: `grid` is below 1 or above the pixels of a side, or `crops_at_once` is below 1.
    """
    images = keras.Input(backbone.input_shape[1:], name="images")
    outputs = ShiftedCropEncoder(backbone, grid, crops_at_once, name="crops")(images)
    return keras.Model(images, outputs, name=f"{backbone.name}_camc_plus_plus")
