"""LiteRT (TensorFlow Lite), on the TensorFlow backend."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from ltzoo.export_formats.description import Description
from ltzoo.export_formats.registry import register

_PROGRAM = """
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(model_path=path)
[image], [logit] = interpreter.get_input_details(), interpreter.get_output_details()
interpreter.resize_tensor_input(image["index"], inputs["images"].shape)
interpreter.allocate_tensors()
interpreter.set_tensor(image["index"], inputs["images"])
interpreter.invoke()
outputs["logits"] = interpreter.get_tensor(logit["index"])
"""


@register(
    "litert",
    title="LiteRT",
    suffix=".tflite",
    writers={"tensorflow": ()},
    runtime="ai_edge_litert",
    notes="for phones and small devices",
    program=_PROGRAM,
)
def write_litert(served: Any, path: Path, description: Description) -> None:
    """Write a `.tflite` file; `resize_tensor_input` sets its batch size, which is 1 before.

    Class names and card are appended as a ZIP archive, like LiteRT's associated files. `unzip` and `zipfile` read
    it, and the interpreter ignores it.

    Args:
        served: a `ServedClassifier`, on the TensorFlow backend.
        path: the `.tflite` file to write.
        description: class names and card.
    """
    import keras

    signature = [keras.InputSpec(shape=(None, *served.image_shape), dtype="float32", name="images")]
    keras.Model.export(served, str(path), format="litert", verbose=False, input_signature=signature)
    with zipfile.ZipFile(path, "a") as archive:
        for name, content in description.files().items():
            archive.writestr(name, content)
