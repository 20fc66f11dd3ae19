"""Corrections in an ONNX file: nodes after its output."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ltzoo.files import atomic_write
from ltzoo.posthoc.correction import Correction
from ltzoo.posthoc.decisions import Decisions
from ltzoo.posthoc.outputs import SMALLEST, as_logits, softmax
from ltzoo.readers import json_text

METADATA = "ltzoo_decision"
_PREFIX = "ltzoo_posthoc_"
_MAX_BYTES = 2_000_000_000


class OnnxModel:
    """An ONNX file that is run and corrected.

    Args:
        path: the file.
        output: name of the output `[batch, C]`; default: "logits", or the only output.

    Raises:
        ImportError: onnx or onnxruntime is not installed.
        ValueError: the file is no ONNX file, has a correction already, or has no such output.
    """

    def __init__(self, path: str | os.PathLike, output: str | None = None):
        onnx = _import("onnx")
        self.path = Path(path)
        if self.path.stat().st_size > _MAX_BYTES:
            raise ValueError(f"`path` must have at most 2 GB. Received: path={str(path)!r}")
        try:
            self._file = onnx.load(str(self.path))
            names = [value.name for value in self._file.graph.output]
        except Exception as error:  # Protobuf raises errors of its own for damaged files.
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ValueError(
                f"`path` must be an ONNX file: {reason}. Received: path={str(path)!r}"
            ) from error
        if any(node.name.startswith(_PREFIX) for node in self._file.graph.node):
            raise ValueError(
                "`path` must be an ONNX file without a correction; start from the original file. "
                f"Received: path={str(path)!r}"
            )
        if output is None and ("logits" in names or len(names) == 1):
            output = "logits" if "logits" in names else names[0]
        if output not in names:
            raise ValueError(
                f"`output` must name the output with the logits or probabilities: {', '.join(map(repr, names))}. "
                f"Received: output={output!r}"
            )
        opset = max(
            (one.version for one in self._file.opset_import if one.domain in ("", "ai.onnx")), default=0
        )
        if opset < 8:
            raise ValueError(
                "`path` must use version 8 or later of the ONNX operators; convert it with onnx.version_converter. "
                f"Received: path={str(path)!r} with version {opset}"
            )
        self.output = output
        self.input = self._file.graph.input[0].name
        self.metadata = {entry.key: entry.value for entry in self._file.metadata_props}

    @property
    def class_names(self) -> list[str] | None:
        """The class names that an export of this library carries, or None."""
        names = _parsed(self.metadata.get("class_names"))
        right = isinstance(names, list) and all(isinstance(name, str) for name in names)
        return names if right else None

    @property
    def class_counts(self) -> list[int] | None:
        """The training images per class that an export of this library carries, or None."""
        card = _parsed(self.metadata.get("card"))
        return card.get("class_counts") if isinstance(card, dict) else None

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """The shape of one input, with None where any size will do."""
        dimensions = self._file.graph.input[0].type.tensor_type.shape.dim
        return tuple(one.dim_value or None for one in dimensions)[1:]

    def predict(self, images: np.ndarray, batch_size: int = 64) -> np.ndarray:
        """Return the output float64 `[N, C]` of inputs as the model takes them."""
        runtime = _import("onnxruntime")
        session = runtime.InferenceSession(str(self.path), providers=["CPUExecutionProvider"])
        found = [
            session.run(
                [self.output], {self.input: np.asarray(images[start : start + batch_size], "float32")}
            )[0]
            for start in range(0, len(images), batch_size)
        ]
        return np.concatenate(found).astype("float64")

    def write(
        self, path: str | os.PathLike, kind: str, correction: Correction, decisions: Decisions | None = None
    ) -> None:
        """Write the file with nodes after the output, which keeps its name.

        z / T + shift is a Mul and an Add; probabilities get Max, Log before and Softmax behind. The decision rules are
        the JSON of the metadata entry "ltzoo_decision".

        Args:
            path: the new file.
            kind: what the output is: "logits" or "probabilities".
            correction: the numbers.
            decisions: prediction sets and a threshold, or None.
        """
        onnx = _import("onnx")
        file = onnx.ModelProto()
        file.CopyFrom(self._file)
        graph, before = file.graph, f"{_PREFIX}before"
        for node in graph.node:
            for names in (node.input, node.output):
                for place, name in enumerate(names):
                    if name == self.output:
                        names[place] = before
        tensors = {
            "factor": np.array([1.0 / correction.temperature]),
            "shift": correction.shift,
            "smallest": np.array([SMALLEST]),
        }
        steps = [("Mul", "factor"), ("Add", "shift")]
        if kind == "probabilities":
            steps = [("Max", "smallest"), ("Log", None), *steps, ("Softmax", None)]
        current = before
        for number, (operation, tensor) in enumerate(steps):
            following = self.output if number == len(steps) - 1 else f"{_PREFIX}{number}"
            inputs = [current] if tensor is None else [current, f"{_PREFIX}{tensor}"]
            extra = {"axis": 1} if operation == "Softmax" else {}
            node = onnx.helper.make_node(
                operation, inputs, [following], name=f"{_PREFIX}{operation.lower()}", **extra
            )
            graph.node.append(node)
            if tensor is not None:
                graph.initializer.append(
                    onnx.numpy_helper.from_array(tensors[tensor].astype("float32"), f"{_PREFIX}{tensor}")
                )
            current = following
        rules = {"correction": correction.to_dict(), **(decisions or Decisions()).to_dict()}
        onnx.helper.set_model_props(file, {**self.metadata, METADATA: json.dumps(rules)})
        onnx.checker.check_model(file)
        with atomic_write(path) as temporary:
            onnx.save(file, str(temporary))


class CorrectedOnnxModel:
    """An ONNX file with a correction, still to be written.

    Args:
        source: the file as it is.
        kind: what its output is: "logits" or "probabilities".
        correction: the numbers.
    """

    def __init__(self, source: OnnxModel, kind: str, correction: Correction):
        self.source, self.kind, self.correction = source, kind, correction
        self.class_names, self.class_counts = source.class_names, source.class_counts

    def predict(self, images: np.ndarray, batch_size: int = 64) -> np.ndarray:
        """Return the corrected output float64 `[N, C]` of inputs as the model takes them."""
        logits, _ = as_logits(self.source.predict(images, batch_size), self.kind, "outputs")
        logits = self.correction.apply(logits)
        return softmax(logits) if self.kind == "probabilities" else logits

    def write(self, path: str | os.PathLike, decisions: Decisions | None = None) -> None:
        """Write the corrected file; see `OnnxModel.write`."""
        self.source.write(path, self.kind, self.correction, decisions)


def onnx_decisions(path: str | os.PathLike) -> Decisions:
    """Return the decision rules in the metadata of an ONNX file; empty ones if there are none.

    They are those that `rebalance` wrote into the file, or those of the classifier that was exported into it. The
    features of training images that "knn" needs are in neither.
    """
    file = _import("onnx").load(str(path), load_external_data=False)
    metadata = {entry.key: entry.value for entry in file.metadata_props}
    if METADATA in metadata:
        return Decisions.from_dict(json_text.parse(metadata[METADATA]))
    card = _parsed(metadata.get("card"))
    return Decisions.from_dict(card.get("decision") if isinstance(card, dict) else None)


def _parsed(text: str | None) -> Any:
    try:
        return None if text is None else json_text.parse(text)
    except ValueError:
        return None


def _import(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f'{name} is not installed, and ONNX files need it. Install it: pip install "ltzoo[onnx]"'
        ) from error
