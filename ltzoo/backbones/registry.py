"""Backbones by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ltzoo.backbones import libraries

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

    _Builder = TypeVar("_Builder", bound=Callable[..., keras.Model])

_BACKBONES = {}


def register(function: _Builder) -> _Builder:
    """Make a function that builds a backbone available by its own name; use it as a decorator."""
    if function.__name__ in _BACKBONES:
        raise ValueError(f"A backbone of this name is registered already. Received: {function.__name__}")
    _BACKBONES[function.__name__] = function
    return function


def names() -> list[str]:
    """Names of this library's backbones, sorted as people count: resnet8 before resnet20."""
    return sorted(_BACKBONES, key=lambda name: (name.rstrip("0123456789"), len(name), name))


def get(name: str, **arguments: Any) -> keras.Model:
    """Build a backbone by its name.

    Args:
        name: One of ``names()``; or "keras_applications:NETWORK", "keras_hub:PRESET_OR_CLASS" or
            "keras_cv:PRESET_OR_CLASS" for a network of another library (docs/backbones.md).
        **arguments: Arguments of the backbone's function, such as ``input_shape``; for networks of other libraries see
            ``make`` in ``ltzoo.backbones.libraries.keras_applications``, ``.keras_hub`` and ``.keras_cv``.

    Returns:
        A keras.Model from normalized images [batch, height, width, channels] to a feature map [batch, h, w,
        D]; transformers of other libraries give features [batch, D]. Pooling and the head belong to the classifier.

    Raises:
        ValueError: If there is no backbone of that name.
        ImportError: If the library of its network is not installed.
    """
    if ":" in str(name):
        return libraries.get(name, **arguments)
    if name not in _BACKBONES:
        raise ValueError(f"name must be one of {', '.join(names())}. Received: name={name!r}")
    return _BACKBONES[name](**arguments)
