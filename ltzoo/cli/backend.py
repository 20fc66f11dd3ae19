"""The choice of Keras's backend, made before Keras is imported."""

import contextlib
import importlib
import importlib.util
import logging
import os
import sys
import tempfile
from pathlib import Path

from ltzoo.cli.user_errors import UserError
from ltzoo.readers import json_text

BACKENDS = ("tensorflow", "jax", "torch")


def use_backend(preferred: str | None = None) -> str:
    """Choose the backend, import Keras without TensorFlow's start-up messages, and return the backend's name.

    The first of these that is set wins: KERAS_BACKEND, `preferred`, Keras's configuration file, then the first
    installed of tensorflow, jax and torch. If Keras is imported already, its backend stays.

    Raises:
        UserError: no backend is installed, or KERAS_BACKEND names none that is.
    """
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = _choose(preferred)
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with _without_start_up_messages():
            importlib.import_module("keras")
            # TensorFlow's Python code warns about retracing when several models predict in one process.
            logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return sys.modules["keras"].backend.backend()


def installed(name: str) -> bool:
    """Return whether a module can be imported, without importing it."""
    return importlib.util.find_spec(name) is not None


def _choose(preferred: str | None) -> str:
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
            return name
    raise UserError(
        "Keras needs a backend and none is installed. Install one: pip install 'ltzoo[tensorflow]'. "
        f"Received: none of {', '.join(BACKENDS)}"
    )


def _configured() -> str | None:
    """Return the backend in Keras's configuration file."""
    folder = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    try:
        return json_text.read(Path(folder) / "keras.json").get("backend")
    except (OSError, ValueError, AttributeError):
        return None


@contextlib.contextmanager
def _without_start_up_messages():
    """Keep TensorFlow's messages about its build off stderr; TF_CPP_MIN_LOG_LEVEL does not silence them.

    They come from C++ and bypass `sys.stderr`. If the block fails, show everything that was written.
    """
    if os.environ["TF_CPP_MIN_LOG_LEVEL"] != "3":
        yield
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as written:
        kept = os.dup(2)
        os.dup2(written.fileno(), 2)
        try:
            yield
        except BaseException:
            written.seek(0)
            os.write(kept, written.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
