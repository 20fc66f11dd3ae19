"""Cut the trunk out of any functional Keras model."""

from __future__ import annotations

from typing import Any

import keras

from ltzoo.backbones.conversions.parallel_tails import cut_tensors
from ltzoo.backbones.pixel_statistics import pixel_statistics, set_pixel_statistics
from ltzoo.keras_internals import layers_of, nodes_in_order, producer
from ltzoo.layers.token_pooling import MODES, TokenPooling

_POOLING = ("GlobalAveragePooling2D", "GlobalMaxPooling2D", "Flatten")
_CLASS_TOKENS = ("class_token", "cls_token", "class_embedding")


def from_model(model: keras.Model, layer: str | None = None, tokens: str | None = None) -> keras.Model:
    """Return the part of a model from images to its last feature map, with its weights.

    Pooling and classifier are left out. The result shares its layers with the model, so training one trains both.

    - A network that ends in a feature map `[batch, h, w, D]` is returned unchanged.
    - If it ends in features or logits, the result ends at the last feature map before the first global pooling,
      flattening or average pooling to 1x1. Only tensors on every path count, not those in residual or
      squeeze-and-excitation branches.
    - A transformer's tokens `[batch, T, D]` become one feature vector `[batch, D]`: the class token if there is one,
      else the mean of the patch tokens. A weight called "class_token", "cls_token" or "class_embedding" marks a
      class token.

    Args:
        model: a functional or built sequential model with one input. Of a model with a `backbone` (a
            `LongTailedClassifier`) or a `vision_encoder` (KerasHub's CLIP or SigLIP), that part is used.
        layer: name of the layer whose output to use, instead of searching.
        tokens: "class" or "mean": how to pool tokens.

    Returns:
        A functional `keras.Model` from normalized images to a feature map or features.

    Raises:
        ValueError: the model is not a graph with one input, has no feature map or several outputs, or has no layer of
            this name.
    """
    if tokens is not None and tokens not in MODES:
        raise ValueError(f"`tokens` must be one of {MODES} or None. Received: tokens={tokens!r}")
    known = pixel_statistics(model)
    for part in ("vision_encoder", "backbone"):
        inner = getattr(model, part, None)
        if isinstance(inner, keras.Model) and not (len(getattr(model, "inputs", None) or ()) == 1 and layer):
            if known is None and hasattr(model, "normalize_images"):
                known = (model.mean, model.std)
            model = inner
            known = known or pixel_statistics(model)
    model = _functional(model)
    tensor = _last_map(model) if layer is None else _output_of(model, layer)
    rank = len(tensor.shape)
    if rank not in (2, 3, 4):
        raise ValueError(
            f"`layer` must give a map, tokens or a vector. Received: shape {tuple(tensor.shape)} of "
            f"{producer(tensor).operation.name!r} in {model.name!r}"
        )
    if rank == 3:
        found, prefix = _class_token(model)
        mode = tokens or ("class" if found else "mean")
        trunk = _finish(model, tensor, TokenPooling(mode, prefix, name="token_pooling"))
    else:
        trunk = _finish(model, tensor, None)
    if known is not None and pixel_statistics(trunk) is None:
        set_pixel_statistics(trunk, *known)
    return trunk


def _functional(model):
    if isinstance(model, keras.Sequential) and model.built:
        model = keras.Model(model.inputs, model.outputs, name=model.name)
    if not isinstance(model, keras.Model) or not hasattr(model, "operations") or len(model.inputs) != 1:
        raise ValueError(
            "`model` must be a functional keras.Model with one input, made as keras.Model(inputs, outputs). "
            f"Received: {type(model).__name__} {getattr(model, 'name', '')!r}"
        )
    return model


def _last_map(model):
    if len(model.outputs) != 1:
        raise ValueError(
            "`model` has several outputs; name the layer with the features by `layer`. "
            f"Received: {model.name!r} with outputs of {[producer(output).operation.name for output in model.outputs]}"
        )
    if len(model.outputs[0].shape) > 2:
        return model.outputs[0]
    found = None
    for _, tensor in cut_tensors(model)[1:]:
        if found is not None and _reduces(tensor, found):
            break
        if len(tensor.shape) in (3, 4):
            found = tensor
    if found is None:
        raise ValueError(
            "`model` has no feature map before its output; name the layer with the features by `layer`. "
            f"Received: {model.name!r} with layers {', '.join(layer.name for layer in model.layers[-8:])}"
        )
    return found


def _reduces(tensor, found):
    kind = type(producer(tensor).operation).__name__
    shrinks = tuple(tensor.shape[1:3]) == (1, 1) != tuple(found.shape[1:3])
    return len(tensor.shape) < 3 or kind in _POOLING or (kind == "AveragePooling2D" and shrinks)


def _output_of(model, layer):
    found = [node.outputs[0] for node in nodes_in_order(model) if node.operation.name == layer]
    if not found:
        names = [part.name for part in model.layers]
        raise ValueError(
            f"`layer` must name a layer of {model.name!r}, such as {', '.join(names[-6:])}. Received: layer={layer!r}"
        )
    return found[-1]


def _class_token(model):
    """Return (whether there is a class token, the number of tokens before the patches)."""
    names = {variable.name for variable in model.variables}
    found = any(name in names for name in _CLASS_TOKENS)
    registers = int(_attribute(model, "num_register_tokens") or 0)
    return found, int(found) + int("distillation_token" in names) + registers


def _attribute(model, name):
    for part in layers_of(model):
        if hasattr(part, name):
            return getattr(part, name)
    return None


def _finish(model, tensor, pooling) -> Any:
    is_output = tensor is model.outputs[0]
    plain = not isinstance(model.input, dict)
    if is_output and plain and pooling is None:
        return model
    if is_output and (not plain or type(model).__module__.partition(".")[0] != "keras"):
        # Keep it whole: a network with its own configuration knows how to rebuild itself.
        images = keras.Input(model.inputs[0].shape[1:], name="images")
        features = model(images if plain else {next(iter(model.input)): images})
    else:
        images, features = model.inputs[0], tensor
    if pooling is not None:
        features = pooling(features)
    trunk = keras.Model(images, features, name=model.name)
    inner = [part for part in trunk.layers if not isinstance(part, keras.layers.InputLayer)]
    if len(inner) == 1 and hasattr(inner[0], "operations") and not isinstance(inner[0].input, dict):
        return inner[0]  # It holds only one network, as in Sequential([network, pooling, classifier]).
    return trunk
