"""OpenVINO's intermediate representation, from every backend."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from ltzoo.export_formats.description import Description
from ltzoo.export_formats.onnx_file import write_onnx
from ltzoo.export_formats.registry import register

_PROGRAM = """
import openvino
model = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
outputs["logits"] = model(inputs)["logits"]
"""


@register(
    "openvino",
    title="OpenVINO",
    suffix=".xml",
    writers={
        "tensorflow": ("openvino", "onnx", "tf2onnx"),
        "torch": ("openvino", "onnx"),
        "jax": ("openvino", "onnx", "jax2onnx"),
    },
    runtime="openvino",
    notes="for Intel processors; the weights lie next to it in a .bin file",
    program=_PROGRAM,
)
def write_openvino(served: Any, path: Path, description: Description) -> None:
    """Write `NAME.xml` and `NAME.bin`, from "images" `[batch, height, width, channels]` to "logits", float32.

    The model is converted through ONNX, which every backend writes with a dynamic batch. The weights stay float32,
    but OpenVINO computes in bfloat16 by default on processors that support it. To get the model's own numbers,
    compile it with `{"INFERENCE_PRECISION_HINT": "f32"}`. Class names and card are runtime information:
    `model.get_rt_info(["ltzoo", "class_names"])` is a JSON list, and "card" is the card's JSON.

    Args:
        served: a `ServedClassifier`.
        path: the `.xml` file to write.
        description: class names and card.
    """
    openvino = import_openvino()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "model.onnx"
        write_onnx(served, source, description)
        converted = openvino.Core().read_model(source)
        converted.set_rt_info(description.names_json(), ["ltzoo", "class_names"])
        converted.set_rt_info(description.card, ["ltzoo", "card"])
        openvino.save_model(converted, str(path), compress_to_fp16=False)


def import_openvino() -> ModuleType:
    """Import OpenVINO without its telemetry.

    Telemetry reports every import from a forked process, and JAX does not support forks.
    """
    # Python accepts None here and then refuses the import; typeshed does not know that.
    sys.modules.setdefault("openvino_telemetry", None)  # pyright: ignore[reportArgumentType]
    import openvino  # pyright: ignore[reportMissingImports]

    return openvino
