"""Child processes: an export on another backend, and programs that must not see Keras."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ltzoo import own_parts
from ltzoo.export_formats import FORMATS
from ltzoo.export_formats.description import Description
from ltzoo.models.exporting.served_classifier import ServedClassifier

_MAIN = "from ltzoo.models.exporting.child import main; main()"


def write(
    served: ServedClassifier,
    path: Path,
    format: str,
    description: Description,
    options: Mapping[str, Any],
    backend: str,
) -> None:
    """Write `served` to `path` with another backend, in a child process that uses no accelerator.

    The `.keras` file that carries the model lies beside the folder of `path` and stays there for the caller.

    Raises:
        RuntimeError: the child failed; the message ends with its last line.
    """
    source = path.parent.with_name("model.keras")
    served.save(source)
    asked = {
        "source": str(source),
        "path": str(path),
        "format": format,
        "description": dataclasses.asdict(description),
        "options": dict(options),
    }
    package = str(Path(__file__).resolve().parents[3])
    environment = {
        "KERAS_BACKEND": backend,
        "CUDA_VISIBLE_DEVICES": "",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")])),
    }
    run("child process of the export", ["-c", _MAIN], environment, text=json.dumps(asked))


def run(
    what: str, arguments: list[str], environment: Mapping[str, str] | None = None, text: str = ""
) -> None:
    """Run Python with `arguments`, `text` on its standard input; `what` names the process in the error.

    Raises:
        RuntimeError: it failed; the message ends with its last line.
    """
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **(environment or {})}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, input=text, capture_output=True, text=True
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise RuntimeError(f"The {what} failed: {lines[-1] if lines else 'no output'}")


def main() -> None:
    """Do what standard input asks for."""
    import keras

    asked = json.load(sys.stdin)
    own_parts.load()
    served = keras.saving.load_model(asked["source"])
    description = Description(**asked["description"])
    FORMATS.part(asked["format"])(served, Path(asked["path"]), description, **asked["options"])
