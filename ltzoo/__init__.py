"""Long-tailed image recognition for Keras 3: layers, losses, samplers, two-stage training and a model zoo."""

import importlib
import os
import sys

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


# `import ltzoo` registers every class, so that `keras.saving.load_model` knows them. Only the `ltzoo` command waits:
# it chooses the backend before Keras is imported, and `ltzoo --help` needs no Keras at all.
if os.path.basename(sys.argv[0] if sys.argv else "") not in ("ltzoo", "ltzoo.exe"):
    from ltzoo import heads, layers, losses, metrics, models, techniques, training  # noqa: F401
