"""Starting a training from the backbone of another one, as the papers do on Places-LT."""

from __future__ import annotations

import os

from ltzoo.keras_internals import parts_of
from ltzoo.models.classifier import LongTailedClassifier
from ltzoo.models.load import load
from ltzoo.variables import assign_copy


def start_from(model: LongTailedClassifier, source: str | os.PathLike | LongTailedClassifier) -> list[str]:
    """Gives the backbone of `model` the weights of another backbone, layer by layer, found by their names.

    Every layer with weights of the other one must be there, with weights of the same shapes. Layers that only `model`
    has keep what they have (the extra block of the Places-LT networks), and so do all heads.

    Args:
        model: a classifier before its training.
        source: a classifier, or what `ltzoo.models.load` takes: a zoo entry, a `.keras` file, a run folder.

    Returns:
        The names of the layers that only `model` has.

    Raises:
        ValueError: a layer is missing or has other weights; nothing has been changed then.
    """
    other = source if isinstance(source, LongTailedClassifier) else load(source)
    own, given = _layers(model), _layers(other)
    for name, layer in given.items():
        found = [tuple(weight.shape) for weight in own[name].weights] if name in own else None
        wanted = [tuple(weight.shape) for weight in layer.weights]
        if found != wanted:
            raise ValueError(
                f"the backbone to start from must have the layers of {model.backbone.name!r}. Received: "
                f"{other.backbone.name!r}, whose layer {name!r} has weights of shapes {wanted}; there "
                + ("is none of that name" if found is None else f"it has {found}")
            )
    for name, layer in given.items():
        for target, weight in zip(own[name].weights, layer.weights, strict=True):
            assign_copy(target, weight)
    return [name for name in own if name not in given]


def _layers(model):
    return {layer.name: layer for layer in parts_of(model.backbone) if layer.weights and not parts_of(layer)}
