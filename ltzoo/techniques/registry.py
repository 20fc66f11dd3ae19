"""Techniques by name."""

from __future__ import annotations

from collections.abc import Mapping
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
