"""Shared by both ways of converting to NBN: which layers can, which share a magnitude, and where it starts."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ltzoo.backbones.norm_placement import blocks_of
from ltzoo.checks import one_of
from ltzoo.layers.normalized_batch_normalization import NormalizedBatchNormalization

SHARING = ("all", "partial", "none")
INITIALIZATIONS = ("auto", "published", "keep")


def check_arguments(sharing: str, groups: Sequence[str] | None, initialization: str) -> None:
    """Raise a ValueError if an argument of `convert_batch_normalization` is unknown or does not fit the others."""
    one_of("sharing", sharing, SHARING)
    if groups is not None and sharing != "all":
        raise ValueError(
            f"`groups` must be None unless sharing='all'. Received: sharing={sharing!r}, groups={list(groups)}"
        )
    one_of("initialization", initialization, INITIALIZATIONS)


def check_norms(layers: Iterable[Any]) -> None:
    """Raise a ValueError if a chosen layer is an NBN layer already or has no form as one."""
    for layer in layers:
        if isinstance(layer, NormalizedBatchNormalization):
            raise ValueError(
                f"`placement` must select plain batch normalization. Received: {layer.name!r}, an NBN layer already"
            )
        if not layer.scale or layer.renorm or layer.synchronized:
            raise ValueError(
                "`placement` must select layers with a scale and without renorm or synchronized mode. "
                f"Received: {layer.name!r} with scale={layer.scale}, renorm={layer.renorm}, "
                f"synchronized={layer.synchronized}"
            )


def magnitude_names(
    model: keras.Model, names: Sequence[str], sharing: str, groups: Sequence[str] | None
) -> dict[str, str]:
    """Return the name of each layer's magnitude, by the names of the layers.

    Args:
        model: the functional model with the residual blocks.
        names: names or paths of the layers.
        sharing, groups: see `convert_batch_normalization`.

    Raises:
        ValueError: a pattern of `groups` matches no layer that is left.
    """
    if sharing == "none":
        return {name: f"magnitude_{_word(name)}" for name in names}
    if sharing == "partial":
        blocks = blocks_of(model)
        return {name: f"magnitude_{_word(blocks.get(name, name))}" for name in names}
    found: dict[str, str] = {}
    for pattern in groups or ():
        new = [name for name in names if fnmatch.fnmatchcase(name, pattern) and name not in found]
        if not new:
            raise ValueError(
                f"Every pattern of `groups` must match a converted layer that no earlier one matches. Converted are "
                f"{', '.join(names)}. Received: groups={list(groups or ())}"
            )
        found.update(dict.fromkeys(new, f"magnitude_{_word(pattern)}"))
    return {name: found.get(name, "magnitude") for name in names}


def starting_magnitudes(
    layers: Mapping[str, Any],
    group_of: Mapping[str, str],
    initialization: str,
    magnitude: float,
    normalize: bool,
) -> tuple[bool, dict[str, float]]:
    """Return whether the network's outputs are kept, and the first g of each group.

    Args:
        layers: chosen layers by name.
        group_of: name of the magnitude of each.
        initialization, magnitude, normalize: see `convert_batch_normalization`.
    """
    keep = initialization == "keep" or (initialization == "auto" and not all(map(_is_fresh, layers.values())))
    starts = {
        group: _mean_length([layer for name, layer in layers.items() if group_of[name] == group], normalize)
        if keep
        else float(magnitude)
        for group in dict.fromkeys(group_of.values())
    }
    return keep, starts


def _word(text):
    return re.sub(r"\W+", "_", text).strip("_")


def _is_fresh(layer):
    expected = (
        (layer.gamma, (0, 1)),
        (layer.beta, (0,)),
        (layer.moving_mean, (0,)),
        (layer.moving_variance, (1,)),
    )
    values = [(keras.ops.convert_to_numpy(v), starts) for v, starts in expected if v is not None]
    return all(any(np.all(value == start) for start in starts) for value, starts in values)


def _mean_length(layers, normalize):
    if not normalize:
        return 1.0
    return (
        float(np.mean([np.linalg.norm(keras.ops.convert_to_numpy(layer.gamma)) for layer in layers])) or 1.0
    )
