"""ONNX, from every backend."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from pathlib import Path
from typing import Any

from ltzoo.export_formats.description import Description
from ltzoo.export_formats.registry import register

_PROGRAM = """
import onnxruntime
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
[outputs["logits"]] = session.run(["logits"], inputs)
"""


@register(
    "onnx",
    title="ONNX",
    suffix=".onnx",
    writers={"tensorflow": ("onnx", "tf2onnx"), "torch": ("onnx",), "jax": ("onnx", "jax2onnx")},
    runtime="onnxruntime",
    notes="for ONNX Runtime, MLServer, Triton and others",
    program=_PROGRAM,
)
def write_onnx(served: Any, path: Path, description: Description, opset_version: int | None = None) -> None:
    """Write an ONNX file from "images" float32 `[batch, height, width, channels]` to "logits" `[batch, classes]`.

    TensorFlow uses `tf2onnx`, JAX `jax2onnx` and PyTorch its own exporter. Each chooses other names for the output
    and the batch axis; they are renamed to "logits" and "batch". In the metadata, "class_names" is a JSON list in
    the order of the logits and "card" is the card's JSON. "resize" is the length of the shorter side of an image
    before the center crop, if the card has one. "image_fit" is "squash" or "pad" if images are not cropped.

    Args:
        served: a `ServedClassifier`.
        path: the `.onnx` file to write.
        description: class names and card.
        opset_version: version of the operator set; None means the converter's default.
    """
    import keras
    import onnx  # pyright: ignore[reportMissingImports]

    signature = [keras.InputSpec(shape=(None, *served.image_shape), dtype="float32", name="images")]
    with _quiet():
        if keras.backend.backend() == "torch":
            _teach_torch()
        keras.Model.export(
            served,
            str(path),
            format="onnx",
            verbose=False,
            input_signature=signature,
            opset_version=opset_version,
        )
    file = onnx.load(str(path))
    [images], [logits] = file.graph.input, file.graph.output
    _rename(file.graph, images.name, "images")
    _rename(file.graph, logits.name, "logits")
    for value in (images, logits):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    metadata = {"class_names": description.names_json(), "card": description.card}
    if description.resize is not None:
        metadata["resize"] = str(description.resize)
    if description.image_fit != "crop":
        metadata["image_fit"] = description.image_fit
    onnx.helper.set_model_props(file, metadata)
    onnx.checker.check_model(file)
    onnx.save(file, str(path))


def _rename(graph, old, new):
    """Rename a value wherever it is produced or used."""
    if old == new:
        return
    for value in [*graph.input, *graph.output, *graph.value_info]:
        if value.name == old:
            value.name = new
    for node in graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new


def _teach_torch():
    """Register `ravel`, which `keras.ops.take` uses and PyTorch's exporter lacks."""
    import torch

    def ravel(graph, tensor):
        return graph.op("Reshape", tensor, graph.op("Constant", value_t=torch.tensor([-1])))

    torch.onnx.register_custom_op_symbolic("aten::ravel", ravel, 14)  # pyright: ignore[reportPrivateImportUsage]


@contextlib.contextmanager
def _quiet():
    """Silence the converters' output, warnings and log messages."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)
