"""Shared by the conversions "lora", "adapters" and "nbn": copy a network, choose layers, name additions."""

from __future__ import annotations

import fnmatch
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import keras

from ltzoo.backbones.inner_layers import inner_layers
from ltzoo.backbones.lightly_tuned import LightlyTuned
from ltzoo.variables import assign_copy


def copy_of(backbone: keras.Model) -> keras.Model:
    """Copy a network, with its own variables, through its configuration.

    Raises:
        ValueError: it cannot be rebuilt from its configuration.
    """
    try:
        copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(backbone))
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ValueError(
            "`backbone` must be a model that can be rebuilt from its configuration: give its layers "
            f"`get_config` and register them. Received: {backbone.name!r} ({str(error).splitlines()[0]})"
        ) from error
    for source, target in zip(backbone.variables, copy.variables, strict=True):
        assign_copy(target, source)
    return copy


def choose(
    backbone: keras.Model, kinds: tuple, patterns: Sequence[str], argument: str = "patterns"
) -> list[tuple[str, str, keras.layers.Layer]]:
    """Return (key, path, layer) of all layers of these kinds whose name or path matches a pattern.

    `argument` is the name of `patterns` in error messages.

    Raises:
        ValueError: a pattern matches none.
    """
    if isinstance(patterns, str):
        raise ValueError(f"`{argument}` must be a list of patterns. Received: {argument}={patterns!r}")
    known = [entry for entry in inner_layers(backbone) if isinstance(entry[2], kinds)]
    chosen = {}
    for pattern in patterns:
        found = [
            entry
            for entry in known
            if any(fnmatch.fnmatchcase(text, pattern) for text in (entry[1], entry[2].name))
        ]
        if not found:
            names = ", ".join(path for _, path, _ in known[:6]) or "none"
            raise ValueError(
                f"`{argument}` must each match a layer of kind {' or '.join(kind.__name__ for kind in kinds)}; "
                f"{backbone.name!r} has {names}{', ...' if len(known) > 6 else ''}. "
                f"Received: {argument}={list(patterns)}"
            )
        chosen.update((entry[0], entry) for entry in found)
    return [entry for entry in known if entry[0] in chosen]


def with_additions(
    backbone: keras.Model,
    prefix: str,
    items: Iterable[tuple[str, str, str, Any, tuple | None]],
    seed: int | None = None,
) -> LightlyTuned:
    """Add layers to a backbone.

    Args:
        backbone: the network; it is changed.
        prefix: start of the additions' names, before their paths.
        items: per addition (key of the layer to read, key of the layer to add to, path, layer, input shape).
        seed: seed of the random weights, with its own draw per addition; None draws one.
    """
    additions, places, taken = [], [], set()
    for first, last, path, addition, shape in items:
        name = f"{prefix}_{path}".replace("/", "_")
        while name in taken:
            name += "_more"
        taken.add(name)
        addition.name = name
        if seed is not None:
            initializer = addition.kernel_initializer
            own = zlib.crc32(f"{seed}/{name}".encode()) & 0x7FFFFFFF
            addition.kernel_initializer = type(initializer).from_config(
                {**initializer.get_config(), "seed": own}
            )
        addition.build(shape)
        additions.append(addition)
        places.append((first, last))
    return LightlyTuned(backbone, additions, places)
