"""Freeze a backbone: whole, or layer by layer by patterns of their names."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

import keras

from ltzoo.checks import did_you_mean, received
from ltzoo.keras_internals import layers_of, own_trainable_variables, parts_of


def set_trainable(layer: keras.layers.Layer, value: bool) -> None:
    """Set `trainable` of a layer and of everything inside it, even if the layer itself has this value already."""
    # On TensorFlow `layer.trainable = value` stops at a layer that has the value, whatever its weights and inner
    # layers have. The property's own setter always passes the value on.
    type(layer).trainable.__set__(layer, value)


def set_backbone_trainable(backbone: keras.Model, rules: Sequence[str | Sequence[str]]) -> None:
    """Train the layers of a backbone that every rule allows, and freeze the others.

    Args:
        backbone: a built model.
        rules: each is "all", "head" (which freezes the whole backbone) or a list of patterns of layer names.

    Raises:
        ValueError: a list of patterns matches no layer.
    """
    frozen = "head" in rules
    for layer in layers_of(backbone):
        set_trainable(layer, not frozen)
    patterns = [rule for rule in rules if not isinstance(rule, str)]
    if not patterns:
        return
    check_patterns(backbone, patterns)
    leaves, containers = _layers_with_variables(backbone)
    for layer in leaves:
        layer.trainable = not frozen and _match_all(layer, patterns)
    for layer in containers:
        # Only what the layer holds itself, such as a class token: `layer.trainable` would reach its parts too.
        for variable in own_trainable_variables(layer):
            variable.trainable = not frozen and _match_all(layer, patterns)


def check_patterns(backbone: keras.Model, rules: Sequence[str | Sequence[str]]) -> None:
    """Refuse a pattern that matches no layer; `rules` as in `set_backbone_trainable`.

    Raises:
        ValueError: a pattern matches no layer.
    """
    patterns = [rule for rule in rules if not isinstance(rule, str)]
    leaves, containers = _layers_with_variables(backbone) if patterns else ([], [])
    names = [layer.name for layer in (*leaves, *containers)]
    for rule in patterns:
        unmatched = [pattern for pattern in rule if not fnmatch.filter(names, pattern)]
        if unmatched or not rule:
            raise ValueError(
                f"`trainable` must be patterns that each match layers of the backbone; it has {names[:5]} to "
                f"{names[-5:]}. No layer matches {', '.join(map(repr, unmatched)) or 'an empty list'}."
                f"{did_you_mean(next(iter(unmatched), ''), names)} {received('trainable', list(rule))}"
            )


def _layers_with_variables(backbone):
    """Return the layers without parts that have weights, and the layers with parts that have their own variables."""
    leaves, containers = [], []
    for layer in parts_of(backbone):
        if not parts_of(layer):
            if layer.weights:
                leaves.append(layer)
        elif own_trainable_variables(layer):
            containers.append(layer)
    return leaves, containers


def _match_all(layer, patterns):
    return all(_matches(layer, rule) for rule in patterns)


def _matches(layer, rule):
    return any(fnmatch.fnmatchcase(layer.name, pattern) for pattern in rule)
