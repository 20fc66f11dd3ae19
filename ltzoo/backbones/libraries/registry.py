"""Which library a name belongs to."""

from __future__ import annotations

import importlib
from typing import Any

import keras

# The modules are imported where they are used, and import their library when they are called.
_MODULES = {
    "keras_applications": "keras_applications",
    "keras.applications": "keras_applications",
    "keras_hub": "keras_hub",
    "keras_cv": "keras_cv",
}


def is_library_name(name: str) -> bool:
    """Whether a backbone's name is of the form "library:network" with a known library."""
    library, colon, network = str(name).partition(":")
    return bool(colon and network) and library in _MODULES


def get(name: str, **arguments: Any) -> keras.Model:
    """The backbone that a name such as "keras_hub:ViTBackbone" stands for.

    See ``make`` in the module of the library for the arguments: ``ltzoo.backbones.libraries.keras_applications``,
    ``.keras_hub`` and ``.keras_cv``.

    Raises:
        ValueError: an unknown library or network, or arguments that do not fit.
        ImportError: the library is not installed.
    """
    library, _, network = name.partition(":")
    if not is_library_name(name):
        raise ValueError(
            f"A name with a colon must be one of {', '.join(f'{key}:NETWORK' for key in _MODULES)}. "
            f"Received: name={name!r}"
        )
    module = importlib.import_module(f"ltzoo.backbones.libraries.{_MODULES[library]}")
    return module.make(network, **arguments)
