"""Run child processes: exports on another backend, and programs that must not import Keras."""

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

    The model travels in a `.keras` file next to the folder of `path`. The file stays there for the caller to remove.

    Raises:
        RuntimeError: the child process failed; the message ends with its last line.
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
    """Run Python in a child process.

    Args:
        what: name of the process in the error.
        arguments: command-line arguments of Python.
        environment: variables to add to the environment.
        text: standard input.

    Raises:
        RuntimeError: the process failed; the message ends with its last line.
    """
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **(environment or {})}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, input=text, capture_output=True, text=True
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise RuntimeError(f"The {what} failed: {lines[-1] if lines else 'no output'}")


def main() -> None:
    """Export as `write` asks on standard input; this runs in the child process."""
    import keras

    asked = json.load(sys.stdin)
    own_parts.load()
    served = keras.saving.load_model(asked["source"])
    description = Description(**asked["description"])
    FORMATS.part(asked["format"])(served, Path(asked["path"]), description, **asked["options"])
