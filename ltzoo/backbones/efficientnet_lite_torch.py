"""Read the published PyTorch weights of EfficientNet-Lite into this library's networks."""

from __future__ import annotations

import re
from collections.abc import Mapping

import keras
import numpy as np

from ltzoo.keras_internals import layers_of, parts_of

# Names of the published tensors outside of the blocks and inside of them; batch norms are numbered by place.
_OUTSIDE = {"_conv_stem": "stem_conv", "_bn0": "stem_bn", "_conv_head": "head_conv", "_bn1": "head_bn"}
_INSIDE = {
    "_expand_conv": "expand_conv",
    "_bn0": "expand_bn",
    "_depthwise_conv": "depthwise_conv",
    "_bn1": "depthwise_bn",
    "_project_conv": "project_conv",
    "_bn2": "project_bn",
}
_NORM = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
_IGNORED = re.compile(r".*\.num_batches_tracked|_fc\.(weight|bias)")


def read_torch_weights(model: keras.Model, tensors: Mapping[str, np.ndarray]) -> None:
    """Set the weights of an EfficientNet-Lite from the published tensors.

    Conversion is strict: every tensor is used once and every weight is filled. The classifier (`_fc`) and the counters
    of batch norm have no counterpart in a backbone and are left out.

    Args:
        model: a network of `efficientnet_lite`.
        tensors: arrays by their published names, such as "_blocks.0._bn1.weight".

    Raises:
        ValueError: a tensor is missing, left over, or of another shape.
    """
    layers = {layer.name: layer for layer in layers_of(model) if layer.weights and not parts_of(layer)}
    blocks = list(dict.fromkeys(re.findall(r"stage\d+_block\d+", " ".join(layers))))
    values, used = {}, set()
    for prefix, layer in _places(blocks):
        if layer not in layers:
            continue
        for weight in layers[layer].weights:
            key = f"{prefix}.{_NORM.get(weight.name, 'weight')}"
            if key not in tensors:
                raise ValueError(
                    f"`tensors` must hold {key}. Received: {len(tensors)} tensors, such as {next(iter(tensors), None)}"
                )
            array = np.asarray(tensors[key], "float32")
            if weight.name not in _NORM:
                array = array.transpose((2, 3, 0, 1) if layer.endswith("depthwise_conv") else (2, 3, 1, 0))
            if array.shape != tuple(weight.shape):
                raise ValueError(
                    f"`tensors` must be of {model.name}, where {layer} has shape {tuple(weight.shape)}. "
                    f"Received: {key} of shape {array.shape}"
                )
            values[layer, weight.name] = array
            used.add(key)
    left = sorted(key for key in tensors if key not in used and not _IGNORED.fullmatch(key))
    if left:
        raise ValueError(f"`tensors` must be of {model.name}. Received: {len(left)} more, such as {left[0]}")
    for name, layer in layers.items():
        layer.set_weights([values[name, weight.name] for weight in layer.weights])


def _places(blocks):
    yield from _OUTSIDE.items()
    for number, block in enumerate(blocks):
        for inner, ours in _INSIDE.items():
            yield f"_blocks.{number}.{inner}", f"{block}_{ours}"
