"""Shared by conversions: copy a functional network with other layers in place of some, or behind them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import keras

from ltzoo.variables import assign_copy

Make = Callable[[Any], keras.layers.Layer]


def functional(model: Any) -> keras.Model:
    """Return a functional model, also of a built sequential one.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(model, keras.Sequential) and model.built:
        model = keras.Model(model.inputs, model.outputs, name=model.name)
    if not isinstance(model, keras.Model) or not hasattr(model, "operations"):
        raise ValueError(
            "`model` must be a functional keras.Model, made from inputs and outputs. "
            f"Received: model of type {type(model).__name__}"
        )
    return model


def rewritten(
    model: keras.Model, chosen: Collection[keras.layers.Layer], make: Make, *, behind: bool = False
) -> tuple[keras.Model, list[tuple[keras.layers.Layer, keras.layers.Layer]]]:
    """Copy a functional network, with new layers in place of the chosen ones or behind them.

    Args:
        model: the network; it is not changed.
        chosen: layers of the network.
        make: returns the new layer for a chosen one.
        behind: put the new layer behind the chosen one, which stays.

    Returns:
        the new network, and pairs (chosen layer, the layer in its place), whose weights the caller sets. All other
        layers keep their weights.
    """
    names = {layer.name for layer in chosen}
    pairs: list[tuple[Any, Any]] = []

    def clone(layer):
        if not isinstance(layer, keras.layers.Layer):
            return layer
        replaced = layer.name in names and not behind
        copy = make(layer) if replaced else type(layer).from_config(layer.get_config())
        pairs.append((layer, copy))
        return copy

    def call(layer, *arguments, **keywords):
        if getattr(layer, "name", "") not in names:
            return layer(*arguments, **keywords)
        # The keywords, such as the mask of batch normalization, are those of the chosen layer.
        return make(layer)(layer(*arguments, **keywords)) if behind else layer(*arguments)

    copied = keras.models.clone_model(model, clone_function=clone, call_function=call)
    for old, new in pairs:
        if behind or old.name not in names:
            for source, target in zip(old.variables, new.variables, strict=True):
                assign_copy(target, source)
    return copied, [(old, new) for old, new in pairs if old.name in names and not behind]
