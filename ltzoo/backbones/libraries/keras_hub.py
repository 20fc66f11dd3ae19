"""Image networks of KerasHub, by preset or by class."""

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
from ltzoo.backbones.pixel_statistics import from_scale_and_offset, set_pixel_statistics
from ltzoo.checks import Seed
from ltzoo.keras_internals import producer

PRETRAINED = "pretrained"


@register("keras_hub")
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
    """Make a KerasHub image network from normalized RGB images to a feature map, or to a feature vector (transformers).

    `ltzoo.backbones.from_model` describes what transformers return. A preset with weights has the pixel statistics of
    its image converter (`ltzoo.backbones.pixel_statistics`). A network with a fixed size resizes other images first.

    Args:
        network: a preset: a KerasHub name ("resnet_50_imagenet", "clip_vit_base_patch16", downloaded by KerasHub), a
            folder, "hf://..." or "kaggle://..."; or the name of a class ("ViTBackbone"), which then gets
            `arguments` as its configuration and random weights, and works offline.
        input_shape: (height, width, channels).
        weights: "pretrained" (default) for a preset's weights, None for random ones, or the path of a `.weights.h5`
            file.
        layer, tokens: arguments of `from_model`.
        seed: seed of random weights.
        **arguments: the configuration of a class, or changes of a preset's.

    Raises:
        ImportError: KerasHub is not installed.
        ValueError: an unknown class or preset, arguments that do not fit, or no network for images.
        ConnectionError: a preset cannot be downloaded.
    """
    library: Any = _library()
    model: Any
    cls = getattr(library.models, network, None)
    is_class = inspect.isclass(cls) and issubclass(cls, keras.Model)
    statistics = None
    with seeded(seed), library_errors(f"keras_hub:{network}"):
        if is_class:
            model = _from_class(cls, network, input_shape, arguments)
        else:
            model = library.models.Backbone.from_preset(
                network, load_weights=weights == PRETRAINED, **arguments
            )
            statistics = _statistics(library, network)
    if weights not in (None, PRETRAINED):
        load_weights(model, weights)
    model = getattr(model, "vision_encoder", model)
    if layer is None and len(model.outputs) == 1 and len(model.outputs[0].shape) == 2:
        # An encoder with its own pooling (SigLIP): take its features, not the tokens before.
        layer = producer(model.outputs[0]).operation.name
    trunk = from_model(model, layer, tokens)
    if len(trunk.inputs[0].shape) != 4:
        raise ValueError(
            f"`network` must take images [batch, height, width, channels]. Received: {network!r} with input shape "
            f"{tuple(trunk.inputs[0].shape)}"
        )
    if statistics is not None:
        set_pixel_statistics(trunk, *statistics)
    size = trunk.inputs[0].shape[1:3]
    return with_image_size(trunk, input_shape, None if None in size else size)


def _library():
    try:
        import keras_hub  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError(
            f'Networks of KerasHub need keras-hub: pip install "ltzoo[hub]". Received: {error}'
        ) from error
    return keras_hub


def _from_class(cls, network, input_shape, arguments):
    parameters = [key for key in inspect.signature(cls).parameters if key != "kwargs"]
    # The default name would count the networks of this process.
    defaults = {"image_shape": tuple(input_shape), "name": network.lower()}
    defaults = {key: value for key, value in defaults.items() if key in (*parameters, "name")}
    try:
        return cls(**{**defaults, **arguments})
    except TypeError as error:
        raise TypeError(
            f"the class needs its configuration as arguments, {', '.join(parameters)} "
            f"({error}); given are {', '.join(arguments) or 'none'}."
        ) from error


def _statistics(library, preset):
    """Return (mean, std) equivalent to a preset's image converter; None without one."""
    try:
        converter = library.layers.ImageConverter.from_preset(preset)
    except (ValueError, FileNotFoundError, KeyError):
        return None
    return from_scale_and_offset(converter.scale, converter.offset)
