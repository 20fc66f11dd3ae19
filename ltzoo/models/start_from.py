"""Start a run from the backbone of another one, as the papers do on Places-LT."""

from __future__ import annotations

import os

from ltzoo.keras_internals import parts_of
from ltzoo.models.classifier import LongTailedClassifier
from ltzoo.models.load import load
from ltzoo.variables import assign_copy


def start_from(model: LongTailedClassifier, source: str | os.PathLike | LongTailedClassifier) -> list[str]:
    """Copy the weights of another backbone into the backbone of `model`, layer by layer by name.

    Every layer of the other backbone that has weights must also exist in `model`, with weights of the same shapes.
    Layers that only `model` has, such as the extra block of the Places-LT networks, keep their weights, and so do all
    heads.

    Args:
        model: a classifier before training.
        source: a classifier, or what `ltzoo.models.load` takes: a zoo entry, a `.keras` file, a run folder.

    Returns:
        the names of the layers that only `model` has.

    Raises:
        ValueError: a layer is missing or has other weights; `model` is unchanged.
    """
    other = source if isinstance(source, LongTailedClassifier) else load(source)
    own, given = _layers(model), _layers(other)
    for name, layer in given.items():
        found = [tuple(weight.shape) for weight in own[name].weights] if name in own else None
        wanted = [tuple(weight.shape) for weight in layer.weights]
        if found != wanted:
            raise ValueError(
                f"`source` must have a backbone whose layers are also in {model.backbone.name!r}, where "
                + (
                    f"layer {name!r} is missing. "
                    if found is None
                    else f"layer {name!r} has shapes {found}. "
                )
                + f"Received: backbone {other.backbone.name!r} with weights of shapes {wanted} in layer {name!r}"
            )
    for name, layer in given.items():
        for target, weight in zip(own[name].weights, layer.weights, strict=True):
            assign_copy(target, weight)
    model.starts_random = False
    return [name for name in own if name not in given]


def _layers(model):
    return {layer.name: layer for layer in parts_of(model.backbone) if layer.weights and not parts_of(layer)}
