"""Features of several depths: what late stages of a pretrained network forget is often what other images need."""

import fnmatch
from collections.abc import Sequence

import keras

from ltzoo.backbones.conversions.registry import register

# The widest layers of stage 5 of an EfficientNet-Lite, at a sixteenth of the size of the image.
LAYERS = ("stage5_*_expand_relu",)


@register("depths")
def depths(backbone: keras.Model, layers: Sequence[str] = LAYERS) -> keras.Model:
    """Append channels of earlier layers to the feature map of a backbone.

    The last layer of a pretrained network knows the classes that it was trained on. Earlier layers know shapes and
    textures, which serve other images: plankton, cells, X-rays. They cost nothing, since they are computed anyway. A
    linear classifier on features of several depths is "Head2Toe" (Evci et al., ICML 2022) without its selection of
    features.

    Maps are averaged down to the size of the last one. If that is their size divided by a whole number, a global mean
    of the result has the global means of all layers.

    Args:
        backbone: a functional model from images to a map `[batch, h, w, D]`.
        layers: patterns of layer names; of each, the last layer that matches. A network in which one matches nothing
            stays as it is, since the layers are those of a family of networks.

    Returns:
        a model from images to a map `[batch, h, w, D + D1 + D2 ...]`.
    """
    names = [layer.name for layer in backbone.layers]
    found = [fnmatch.filter(names, pattern) for pattern in layers]
    if not all(found) or len(backbone.output_shape) != 4:
        return backbone
    last = backbone.outputs[0]
    maps = [
        _averaged(backbone.get_layer(matching[-1]).output, last, f"{matching[-1]}_averaged")
        for matching in found
    ]
    joined = keras.layers.Concatenate(name="depths")([last, *maps])
    return keras.Model(backbone.inputs, joined, name=f"{backbone.name}_depths")


def _averaged(values, last, name):
    """Average a map down to the height and width of another one."""
    size = tuple(
        1 if side is None or target is None else -(-side // target)
        for side, target in zip(values.shape[1:3], last.shape[1:3], strict=True)
    )
    if size == (1, 1):
        return values
    return keras.layers.AveragePooling2D(size, size, padding="same", name=name)(values)
