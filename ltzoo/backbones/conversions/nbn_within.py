"""NBN in networks that hold other networks, such as the detectors of KerasHub."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ltzoo.backbones.conversions.additions import choose, copy_of
from ltzoo.backbones.conversions.nbn_magnitudes import check_norms, magnitude_names, starting_magnitudes
from ltzoo.backbones.inner_layers import inner_layers
from ltzoo.backbones.norm_placement import PLACEMENTS, select_norms
from ltzoo.backbones.normalized_within import NormalizedWithin
from ltzoo.checks import one_of
from ltzoo.variables import assign_copy


def holds_network(model: Any) -> bool:
    """Return whether a functional model is built around another one, as KerasHub's tasks and detectors are."""
    return (
        hasattr(model, "operations")
        and (_inner(model, "backbone") or _inner(model, "image_encoder")) is not None
    )


def convert_within(
    model: keras.Model,
    placement: str | Sequence[str],
    sharing: str,
    *,
    groups: Sequence[str] | None,
    learn_magnitude: bool,
    normalize: bool,
    bias_radius: float,
    magnitude: float,
    initialization: str,
) -> keras.Model:
    """Convert a model that `holds_network`; see `convert_batch_normalization` for the arguments."""
    options: dict[str, Any] = {
        "groups": groups,
        "learn_magnitude": learn_magnitude,
        "normalize": normalize,
        "bias_radius": bias_radius,
        "magnitude": magnitude,
        "initialization": initialization,
    }
    backbone = _inner(model, "backbone")
    if backbone is not None:
        return _with_backbone(model, backbone, convert_within(backbone, placement, sharing, **options))
    network = copy_of(model)
    encoder = _inner(network, "image_encoder") or network
    chosen = _choose(network, encoder, placement)
    layers: dict[str, Any] = {path: layer for _, path, layer in chosen}
    check_norms(layers.values())
    group_of = magnitude_names(encoder, list(layers), sharing, groups)
    keep, starts = starting_magnitudes(layers, group_of, initialization, magnitude, normalize)
    result = NormalizedWithin(
        network,
        [(key, group_of[path]) for key, path, _ in chosen],
        learn_magnitude=learn_magnitude,
        normalize=normalize,
        bias_radius=bias_radius,
    )
    for shared in result.magnitudes:
        assert shared.magnitude is not None
        shared.magnitude.assign(starts[shared.name])
    for path, layer in layers.items():
        gamma, beta = (
            None if variable is None else keras.ops.convert_to_numpy(variable)
            for variable in (layer.gamma, layer.beta)
        )
        if keep:
            layer.represent(gamma, beta, starts[group_of[path]])
        else:
            layer.gamma.assign(np.ones_like(gamma))
            if beta is not None:
                layer.beta.assign(np.zeros_like(beta))
    return result


def _inner(model, name):
    inner = getattr(model, name, None)
    return inner if isinstance(inner, keras.Model) else None


def _choose(network, encoder, placement):
    """Return (key, path, layer) of each chosen batch normalization."""
    kind = (keras.layers.BatchNormalization,)
    if not isinstance(placement, str):
        return choose(network, kind, list(placement), "placement")
    one_of("placement", placement, PLACEMENTS)
    norms = [entry for entry in inner_layers(network) if isinstance(entry[2], kind)]
    if placement != "C":
        # Positions of residual blocks: those of the image encoder. Its last stage may be beyond the last level.
        wanted = select_norms(encoder, placement)
        norms = [entry for entry in norms if entry[2] in wanted]
    if not norms:
        raise ValueError(
            "`placement` finds no batch normalization that the outputs depend on; name layers by patterns. "
            f"Received: placement={placement!r}, model {network.name!r}"
        )
    return norms


def _with_backbone(task, backbone, converted):
    """Return a task of the same class and configuration, with its weights and another backbone."""
    config = {**task.get_config(), "backbone": converted}
    if getattr(task, "activation", None) is not None:
        # KerasHub's detectors leave it out of their configuration.
        config.setdefault("activation", task.activation)
    result = type(task).from_config(config)
    for old, new in zip(task.layers, result.layers, strict=True):
        if old is not backbone:
            for source, target in zip(old.variables, new.variables, strict=True):
                assign_copy(target, source)
    return result
