"""Techniques by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ltzoo.registry import Registry

if TYPE_CHECKING:
    from ltzoo.techniques.base import Technique

_TECHNIQUES = Registry("technique")
register = _TECHNIQUES.register
names = _TECHNIQUES.names


def get(config: Mapping[str, Any], **context: Any) -> Technique:
    """Make a technique from a stage's `technique` entry.

    Args:
        config: `{"name": one of names(), argument: value, ...}`.
        **context: `num_classes`, `class_counts` and `seed`, for techniques that have such a parameter.

    Raises:
        ValueError: if the name or an argument is unknown.
    """
    return _TECHNIQUES.make(config, **context)


def same_training(
    config: Mapping[str, Any] | None, conversions: Sequence[Mapping[str, Any]]
) -> tuple[Mapping[str, Any] | None, Sequence[Mapping[str, Any]]]:
    """Return the simplest technique and conversions of the backbone that train the same weights.

    A technique class whose training is that of a simpler one has a static method of this name.

    Args:
        config: a stage's `technique` entry.
        conversions: a recipe's `conversions`.
    """
    own = None if config is None else getattr(_TECHNIQUES[config["name"]].part, "same_training", None)
    return (config, conversions) if own is None else own(config, conversions)
