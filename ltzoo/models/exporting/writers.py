"""The function that writes each format, on a backend that can."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ltzoo.models.exporting.description import Description
from ltzoo.models.exporting.litert import write_litert
from ltzoo.models.exporting.onnx_file import write_onnx
from ltzoo.models.exporting.openvino_file import write_openvino
from ltzoo.models.exporting.saved_model import write_saved_model
from ltzoo.models.exporting.served_classifier import ServedClassifier
from ltzoo.models.exporting.torch_program import write_torch_program

# Each takes the model, the path, the description, and the format's options.
WRITERS = {
    "tf_saved_model": write_saved_model,
    "onnx": write_onnx,
    "litert": write_litert,
    "openvino": write_openvino,
    "torch": write_torch_program,
}


def write(
    served: ServedClassifier, path: Path, format: str, description: Description, options: Mapping[str, Any]
) -> None:
    """Write `served` to `path` with the present backend."""
    WRITERS[format](served, path, description, **options)
