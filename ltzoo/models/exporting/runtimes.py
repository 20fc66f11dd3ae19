"""What an exported model answers in a fresh process that has only the serving runtime."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np

from ltzoo.export_formats import FORMATS
from ltzoo.models.exporting import child

# Whatever is installed, the child can import nothing of these but its own runtime.
_KEPT_OUT = (
    "ltzoo", "keras", "tensorflow", "jax", "torch", "onnx", "tf2onnx", "jax2onnx", "onnxruntime", "openvino",
    "ai_edge_litert",
)  # fmt: skip

_START = """
import sys

class Without:
    "Finds what the usual finders find, but for what is kept out."

    def __init__(self, finders):
        self.finders = finders

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {kept_out!r}:
            return None
        found = (finder.find_spec(name, path, target) for finder in self.finders)
        return next((spec for spec in found if spec is not None), None)

sys.meta_path[:] = [Without(list(sys.meta_path))]
import numpy as np
path, images = sys.argv[1], np.load(sys.argv[2])
"""
_END = """
np.save(sys.argv[3], np.asarray(logits))
"""
_PROGRAMS = {
    "tf_saved_model": """
import tensorflow as tf
served = tf.saved_model.load(path)
logits = served.serve(tf.constant(images))
""",
    "onnx": """
import onnxruntime
[logits] = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(["logits"], {"images": images})
""",
    "litert": """
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(model_path=path)
[image], [logit] = interpreter.get_input_details(), interpreter.get_output_details()
interpreter.resize_tensor_input(image["index"], images.shape)
interpreter.allocate_tensors()
interpreter.set_tensor(image["index"], images)
interpreter.invoke()
logits = interpreter.get_tensor(logit["index"])
""",
    "openvino": """
import openvino
model = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
logits = model({"images": images})["logits"]
""",
    "torch": """
import torch
with torch.no_grad():
    logits = torch.export.load(path).module()(torch.from_numpy(images)).numpy()
""",
}


def served_outputs(path: str | os.PathLike, images: np.ndarray) -> np.ndarray:
    """The logits of an exported model, computed in a fresh process that knows neither Keras nor ltzoo.

    The process refuses to import Keras, this package and every runtime but the one that the file is for.

    Args:
        path: what `export_model` wrote; the format is told by the ending, a folder is a SavedModel.
        images: raw pixels `[batch, height, width, channels]`.

    Returns:
        float32 array, the logits; of a SavedModel the output of its `serve` endpoint.

    Raises:
        ValueError: a file of an unknown ending.
        RuntimeError: the process failed; the message ends with its last line.
    """
    path = Path(path)
    suffix = "" if path.is_dir() else path.suffix
    known = {form.suffix: name for name, form in FORMATS.items()}
    if suffix not in known or (suffix == "" and not path.is_dir()):
        raise ValueError(
            f"`path` must be a folder or end in one of {[end for end in known if end]}. Received: path={str(path)!r}"
        )
    runtime = FORMATS[known[suffix]].runtime
    kept_out = tuple(name for name in _KEPT_OUT if name != runtime)
    program = _START.format(kept_out=kept_out) + _PROGRAMS[known[suffix]] + _END
    with tempfile.TemporaryDirectory() as folder:
        inputs, outputs = Path(folder) / "inputs.npy", Path(folder) / "outputs.npy"
        np.save(inputs, np.asarray(images, "float32"))
        try:
            child.run("serving process", ["-c", program, str(path), str(inputs), str(outputs)])
        except RuntimeError as error:
            if f"No module named '{runtime}'" in str(error):
                raise ImportError(_missing(known[suffix])) from error
            raise
        return np.load(outputs)


def _missing(name):
    from ltzoo.export_formats import EXTRAS

    runtime = FORMATS[name].runtime
    return f'{FORMATS[name].title} runs on {runtime}. Install it: pip install "ltzoo[{EXTRAS[runtime]}]"'
