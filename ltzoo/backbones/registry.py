"""Backbones by name.

A backbone is a function that takes `input_shape`, its arguments and perhaps `seed`, and returns a `keras.Model` from
normalized images to a feature map. Facts about it are arguments of the decorator: `@register(image_size=32)`.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import keras

from ltzoo.backbones import libraries
from ltzoo.backbones.pixel_statistics import set_pixel_statistics
from ltzoo.registry import Entry, Registry


@dataclasses.dataclass(frozen=True)
class BackboneEntry(Entry):
    """A backbone and what is known about it.

    Attributes:
        image_size: side of the images it is usually given, in pixels; or (least, most, step) for a network that takes
            images at their own size, within these limits and rounded to multiples of `step`.
        pixel_statistics: (mean, std) on the 0..1 scale that its weights were trained with; None takes the dataset's.
    """

    image_size: int | tuple[int, int, int] = 224
    pixel_statistics: tuple[Any, Any] | None = None


_BACKBONES = Registry(
    "backbone",
    BackboneEntry,
    otherwise=", or LIBRARY:NETWORK for a network of another library",
    # As people count: resnet8 before resnet20.
    order=lambda name: (name.rstrip("0123456789"), len(name), name),
)
register = _BACKBONES.register
names = _BACKBONES.names


def get(name: str, **arguments: Any) -> keras.Model:
    """Build a backbone by its name.

    Args:
        name: one of `names()`; or "keras_applications:NETWORK", "keras_hub:PRESET_OR_CLASS" or
            "keras_cv:PRESET_OR_CLASS" for a network of another library (docs/backbones.md).
        **arguments: arguments of the backbone's function, such as `input_shape`; for networks of other libraries see
            `make` in `ltzoo.backbones.libraries.keras_applications`, `.keras_hub` and `.keras_cv`.

    Returns:
        A `keras.Model` from normalized images `[batch, height, width, channels]` to a feature map
        `[batch, h, w, D]`; transformers of other libraries give features `[batch, D]`. Pooling and the head belong to
        the classifier.

    Raises:
        ValueError: an unknown name.
        ImportError: the library of the network is not installed.
    """
    if ":" in str(name):
        return libraries.get(name, **arguments)
    entry = _BACKBONES[name]
    backbone = _BACKBONES.make({"name": name, **arguments})
    if entry.pixel_statistics is not None:
        set_pixel_statistics(backbone, *entry.pixel_statistics)
    return backbone


def check(name: str) -> None:
    """Refuse a name that `get` does not know.

    Raises:
        ValueError: it is no backbone's name, and no network's of a known library.
    """
    if ":" in str(name):
        libraries.check(name)
    else:
        _BACKBONES.check(name, "backbone")


def image_size(name: str) -> int | tuple[int, int, int]:
    """Return the size of the images that a backbone is usually given; see `BackboneEntry`."""
    entry = _BACKBONES.find(name)
    return BackboneEntry.image_size if entry is None else entry.image_size
