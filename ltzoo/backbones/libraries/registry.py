"""Libraries of backbones by name: the part before the colon in "keras_hub:ViTBackbone"."""

from __future__ import annotations

from typing import Any

import keras

from ltzoo.registry import Registry

_LIBRARIES = Registry("library of backbones")
register = _LIBRARIES.register
names = _LIBRARIES.names


def is_library_name(name: str) -> bool:
    """Return whether a backbone's name is of the form "library:network" with a known library."""
    library, colon, network = str(name).partition(":")
    return bool(colon and network) and library in _LIBRARIES


def check(name: str) -> None:
    """Refuse a name whose part before the colon is no known library.

    Raises:
        ValueError: the library is unknown, or no network follows the colon.
    """
    library, _, network = str(name).partition(":")
    _LIBRARIES.check(library)
    if not network:
        raise ValueError(f"`name` must have a network after the colon. Received: name={name!r}")


def get(name: str, **arguments: Any) -> keras.Model:
    """Build the backbone of a name such as "keras_hub:ViTBackbone".

    See `make` in the module of the library for the arguments: `ltzoo.backbones.libraries.keras_applications`,
    `.keras_hub` and `.keras_cv`.

    Raises:
        ValueError: an unknown library or network, or arguments that do not fit.
        ImportError: the library is not installed.
    """
    check(name)
    library, _, network = name.partition(":")
    return _LIBRARIES.make({"name": library, **arguments}, network)
