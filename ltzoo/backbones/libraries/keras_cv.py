"""Networks of KerasCV, which is no longer developed, for users who have weights of it."""

from __future__ import annotations

import inspect
import os
from collections.abc import Sequence
from typing import Any

import keras

from ltzoo.backbones.from_model import from_model
from ltzoo.backbones.libraries.initial_weights import seeded
from ltzoo.backbones.libraries.registry import register
from ltzoo.backbones.libraries.trunk import library_errors, load_weights, with_image_size
from ltzoo.backbones.pixel_statistics import set_pixel_statistics
from ltzoo.checks import Seed

PRETRAINED = "pretrained"


@register("keras_cv")
def make(
    network: str,
    *,
    input_shape: Sequence[int | None] = (224, 224, 3),
    weights: str | os.PathLike | None = PRETRAINED,
    layer: str | None = None,
    tokens: str | None = None,
    seed: Seed | None = None,
    **arguments: Any,
) -> keras.Model:
    """Make a KerasCV network from normalized RGB images to its last feature map.

    A network with its own rescaling (`include_rescaling=True`, as in most presets) takes pixels 0..255: its pixel
    statistics are mean 0 and standard deviation 1 / 255. Other presets take 0..1.

    Args:
        network: a preset ("resnet50_v2_imagenet", downloaded by KerasCV), or the name of a class ("ResNetBackbone"),
            which then gets `arguments` as its configuration and random weights.
        input_shape: (height, width, channels).
        weights: "pretrained" (default) for a preset's weights, None for random ones, or the path of a `.weights.h5`
            file.
        layer, tokens: arguments of `from_model`.
        seed: seed of random weights.
        **arguments: the configuration of a class (`include_rescaling` is False by default), or changes
            of a preset's.

    Raises:
        ImportError: KerasCV is not installed, or does not run with this Keras.
        ValueError: an unknown class or preset, or arguments that do not fit.
        ConnectionError: a preset cannot be downloaded.
    """
    library: Any = _library()
    model: Any
    cls = getattr(library.models, network, None)
    is_class = inspect.isclass(cls) and issubclass(cls, keras.Model)
    with seeded(seed), library_errors(f"keras_cv:{network}"):
        if is_class:
            model = _from_class(cls, network, input_shape, arguments)
        else:
            model = library.models.Backbone.from_preset(
                network, load_weights=weights == PRETRAINED, **arguments
            )
    if weights not in (None, PRETRAINED):
        load_weights(model, weights)
    trunk = from_model(model, layer, tokens)
    if getattr(model, "include_rescaling", False):
        set_pixel_statistics(trunk, 0.0, 1 / 255)
    elif not is_class:
        set_pixel_statistics(trunk, 0.0, 1.0)
    size = trunk.inputs[0].shape[1:3]
    return with_image_size(trunk, input_shape, None if None in size else size)


def _library():
    try:
        import keras_cv  # pyright: ignore[reportMissingImports]
    except Exception as error:  # An old library may fail in any way with a new Keras.
        raise ImportError(
            f'Networks of KerasCV need keras-cv: pip install "ltzoo[cv]". Received: {type(error).__name__}: {error}'
        ) from error
    return keras_cv


def _from_class(cls, network, input_shape, arguments):
    parameters = [key for key in inspect.signature(cls).parameters if key != "kwargs"]
    # The default name would count the networks of this process.
    defaults = {"input_shape": tuple(input_shape), "include_rescaling": False, "name": network.lower()}
    defaults = {key: value for key, value in defaults.items() if key in (*parameters, "name")}
    try:
        return cls(**{**defaults, **arguments})
    except TypeError as error:
        raise TypeError(
            f"the class needs its configuration as arguments, {', '.join(parameters)} "
            f"({error}); given are {', '.join(arguments) or 'none'}."
        ) from error
