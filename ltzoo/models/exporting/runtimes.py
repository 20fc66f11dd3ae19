"""Run an exported model in a fresh process that has only the serving runtime."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ltzoo.export_formats import FORMATS, install
from ltzoo.models.exporting import child

_START = """
import sys

class Without:
    "Finds modules as the usual finders do, except those kept out."

    def __init__(self, finders):
        self.finders = finders

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {kept_out!r}:
            return None
        found = (finder.find_spec(name, path, target) for finder in self.finders)
        return next((spec for spec in found if spec is not None), None)

sys.meta_path[:] = [Without(list(sys.meta_path))]
import numpy as np
path, inputs, outputs = sys.argv[1], dict(np.load(sys.argv[2])), {{}}
"""
_END = """
np.savez(sys.argv[3], **outputs)
"""


def served_outputs(path: str | os.PathLike, images: np.ndarray) -> np.ndarray:
    """Compute the logits of an exported model in a fresh process without Keras and ltzoo.

    Args:
        path: a file or folder that `export_model` wrote. The ending gives the format; a folder is a SavedModel.
        images: raw pixels `[batch, height, width, channels]`.

    Returns:
        logits float32 `[batch, num_classes]`; for a SavedModel from its `serve` endpoint.

    Raises:
        ValueError: the ending of `path` is unknown.
        ImportError: the runtime is not installed.
        RuntimeError: the process failed; the message ends with its last line.
    """
    path = Path(path)
    known = {FORMATS[name].suffix: name for name in FORMATS if FORMATS[name].program}
    suffix = "" if path.is_dir() else path.suffix or "none"
    if suffix not in known:
        raise ValueError(
            f"`path` must be a folder or end in one of {[end for end in known if end]}. Received: path={str(path)!r}"
        )
    inputs = {"images": np.asarray(images, "float32")}
    return run_alone(path, known[suffix], FORMATS[known[suffix]].program, inputs)["logits"]


def run_alone(
    path: str | os.PathLike, format: str, program: str, inputs: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Run a program in a fresh process that cannot import Keras, this package or any other runtime.

    Args:
        path: an exported model; the program's variable `path`.
        format: format of the model, which determines the runtime.
        program: Python source. It reads `path`, the dict of arrays `inputs` and NumPy as `np`, and fills the dict
            `outputs`.
        inputs: arrays by name.

    Returns:
        the arrays of `outputs`, by name.

    Raises:
        ImportError: the runtime is not installed.
        RuntimeError: the process failed; the message ends with its last line.
    """
    title, runtime = FORMATS[format].title, FORMATS[format].runtime
    kept_out = tuple(sorted(_modules_of_formats() - {runtime}))
    whole = _START.format(kept_out=kept_out) + program + _END
    with tempfile.TemporaryDirectory() as folder:
        given, got = Path(folder) / "inputs.npz", Path(folder) / "outputs.npz"
        arrays: dict[str, Any] = dict(inputs)
        np.savez(given, **arrays)
        try:
            child.run("serving process", ["-c", whole, str(path), str(given), str(got)])
        except RuntimeError as error:
            if f"No module named '{runtime}'" not in str(error):
                raise
            raise ImportError(
                f"{title} runs on {runtime}. Install it: {install([runtime])}. Received: no {runtime}"
            ) from error
        with np.load(got) as results:
            return dict(results)


def _modules_of_formats():
    """Return the top-level modules of all formats, of which the process may import its own runtime only."""
    forms = [FORMATS[name] for name in FORMATS]
    needed = {module for form in forms for by, modules in form.writers.items() for module in (by, *modules)}
    return needed | {form.runtime for form in forms} | {"ltzoo", "keras", "openvino_telemetry"}
