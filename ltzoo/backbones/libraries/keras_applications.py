"""Networks of keras.applications."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from ltzoo.backbones.libraries.initial_weights import seeded
from ltzoo.backbones.libraries.registry import register
from ltzoo.backbones.libraries.trunk import library_errors
from ltzoo.backbones.pixel_statistics import from_scale_and_offset, set_pixel_statistics
from ltzoo.checks import Seed
from ltzoo.layers.reverse_channels import ReverseChannels
from ltzoo.registry import did_you_mean


@register("keras_applications")
@register("keras.applications")
def make(
    network: str,
    *,
    input_shape: Sequence[int | None] = (224, 224, 3),
    weights: str | os.PathLike | None = None,
    seed: Seed | None = None,
    **arguments: Any,
) -> keras.Model:
    """Make a `keras.applications` network from normalized RGB images to its last feature map.

    It expects (pixels / 255 - mean) / std with the mean and std of `ltzoo.backbones.pixel_statistics`; together they
    equal the library's own `preprocess_input`. Networks with Caffe's weights (VGG, ResNet without V2) expect BGR, so
    they begin with a layer that reverses the channels. Some networks (EfficientNet, ConvNeXt, MobileNetV3) scale
    their images themselves; their mean is 0 and their std 1 / 255.

    Args:
        network: name of the function, such as "ResNet50".
        input_shape: (height, width, channels).
        weights: None for random ones (default), "imagenet" (downloaded by Keras), or the path of a file of
            `keras.applications` weights without the top.
        seed: seed of the random weights.
        **arguments: further arguments of the function, such as `alpha`.

    Raises:
        ValueError: the network or an argument is unknown, or the network refuses the input shape.
        ConnectionError: the weights cannot be downloaded.
    """
    functions = _functions()
    if network not in functions:
        hint = did_you_mean(network, functions, cutoff=0.4)
        raise ValueError(
            f"`network` must be one of {', '.join(functions)}.{hint} Received: network={network!r}"
        )
    function: Callable[..., Any] = functions[network]
    allowed = set(inspect.signature(function).parameters) - {
        "include_top",
        "weights",
        "input_tensor",
        "input_shape",
        "pooling",
        "classes",
        "classifier_activation",
    }
    unknown = sorted(set(arguments) - allowed)
    if unknown:
        raise ValueError(
            f"keras.applications.{network} takes {', '.join(sorted(allowed))}. Received: {', '.join(unknown)}"
        )
    input_shape = tuple(input_shape)
    color = input_shape[-1] == 3
    statistics, reverse = _preprocessing(function) if color else (None, False)
    images = keras.Input(input_shape, name="images")
    front = ReverseChannels(name="reverse_channels")(images) if reverse else images
    with seeded(seed), library_errors(f"keras_applications:{network}"):
        model = function(
            include_top=False,
            weights=weights if weights is None else str(weights),
            input_tensor=front,
            input_shape=input_shape,
            **arguments,
        )
    # Without its own preprocessing, the user decides what such a network expects.
    if statistics is not None and arguments.get("include_preprocessing", True):
        set_pixel_statistics(model, *statistics)
    return model


def _functions():
    return {
        name: function
        for name, function in vars(keras.applications).items()
        if callable(function) and "include_top" in inspect.signature(function).parameters
    }


def _preprocessing(function):
    """Return ((mean, std), whether the channels are reversed), measured on the library's own function."""
    preprocess = sys.modules[function.__module__].preprocess_input
    black, red = (preprocess(np.array([[[[value, 0.0, 0.0]]]]))[0, 0, 0] for value in (0.0, 255.0))
    white = preprocess(np.full((1, 1, 1, 3), 255.0))[0, 0, 0]
    reverse = bool(red[0] == black[0])
    scale, offset = (white - black) / 255.0, black
    if reverse:
        scale, offset = scale[::-1], offset[::-1]
    mean, std = from_scale_and_offset(scale, offset)
    return (np.round(mean, 12) + 0.0, np.round(std, 12)), reverse
