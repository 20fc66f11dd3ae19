"""Long-tailed image recognition for Keras 3: layers, losses, samplers, two-stage training and a model zoo."""

import importlib

from ltzoo.after_keras import after_keras
from ltzoo.version import __version__ as __version__

_MODULES = (
    "backbones",
    "class_counts",
    "data",
    "heads",
    "layers",
    "losses",
    "metrics",
    "models",
    "posthoc",
    "recipes",
    "report",
    "sampling",
    "techniques",
    "training",
)
__all__ = ["__version__", *_MODULES]


def __getattr__(name):
    if name in _MODULES:
        return importlib.import_module(f"ltzoo.{name}")
    raise AttributeError(f"module 'ltzoo' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)


def _register_classes():
    from ltzoo import heads, layers, losses, metrics, models, techniques, training  # noqa: F401


# Every class is registered once ltzoo and Keras are imported, in either order, so that `keras.saving.load_model` knows
# them. `import ltzoo` itself does not import Keras: the `ltzoo` command chooses the backend first, and its help needs
# none.
after_keras(_register_classes, __name__)
