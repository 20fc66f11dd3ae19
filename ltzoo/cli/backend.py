"""The choice of Keras's backend, made before Keras is imported."""

import importlib.util
import json
import os
import sys
from pathlib import Path

from ltzoo.cli.errors import UserError

BACKENDS = ("tensorflow", "jax", "torch")


def use_backend(preferred: str | None = None) -> str:
    """Choose the backend and silence TensorFlow's start-up messages; return the backend's name.

    In this order: KERAS_BACKEND, `preferred`, Keras's own configuration file, then the first installed of
    tensorflow, jax and torch. A backend that Keras was already imported with stays.

    Raises:
        UserError: no backend is installed, or KERAS_BACKEND names none that is.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "keras" in sys.modules:
        return sys.modules["keras"].backend.backend()
    wanted = os.environ.get("KERAS_BACKEND")
    if wanted:
        if wanted not in BACKENDS:
            raise UserError(
                f"KERAS_BACKEND must be one of {', '.join(BACKENDS)}. Received: KERAS_BACKEND={wanted}"
            )
        if not installed(wanted):
            raise UserError(
                f"The backend {wanted} is not installed. Install it (pip install 'ltzoo[{wanted}]') or set "
                f"another one. Received: KERAS_BACKEND={wanted}"
            )
        return wanted
    for name in (preferred, _configured(), *BACKENDS):
        if name in BACKENDS and installed(name):
            os.environ["KERAS_BACKEND"] = name
            return name
    raise UserError(
        "Keras needs a backend and none is installed. Install one: pip install 'ltzoo[tensorflow]'"
    )


def installed(name: str) -> bool:
    """Whether a module can be imported; it is not imported."""
    return importlib.util.find_spec(name) is not None


def _configured() -> str | None:
    """The backend in Keras's configuration file."""
    folder = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    try:
        return json.loads((Path(folder) / "keras.json").read_text(encoding="utf-8")).get("backend")
    except (OSError, ValueError, AttributeError):
        return None
