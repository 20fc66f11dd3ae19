"""Models for serving, from every backend, and the proof that they compute the same."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

if TYPE_CHECKING:
    from ltzoo.models.classifier import LongTailedClassifier

FORMATS = ("tf_saved_model", "onnx", "litert", "torch")

_EXPORT = """
import sys, keras, ltzoo
model = keras.saving.load_model(sys.argv[1])
model.export(sys.argv[2], format=sys.argv[3], verbose=False)
"""

_SERVE = """
import sys, numpy as np, tensorflow as tf
served = tf.saved_model.load(sys.argv[1])
images = np.load(sys.argv[2])
outputs = served.serve(tf.constant(images.astype("float32")))
np.save(sys.argv[3], outputs.numpy())
"""


def export_model(
    model: LongTailedClassifier,
    filepath: str | os.PathLike,
    format: str = "tf_saved_model",
    verbose: bool | None = None,
    **kwargs: Any,
) -> None:
    """Writes `model` in a format for serving: raw pixels `[batch, height, width, channels]`, float32, to logits.

    The file or folder appears whole or not at all, and replaces an older one only when it is complete. PyTorch
    cannot write a SavedModel: there the model is saved, loaded on the TensorFlow backend in a child process and
    exported from it.

    Args:
        model: a classifier.
        filepath: where to; for "tf_saved_model" a folder.
        format: one of "tf_saved_model", "onnx", "litert", "torch"; what `keras.Model.export` can write
            on the present backend.
        verbose: whether Keras prints the endpoint's signature.
        **kwargs: further arguments of `keras.Model.export`.

    Raises:
        ValueError: unknown format.
        ImportError: a library that the format needs is missing; the message names it.
        RuntimeError: the child process failed; the message ends with its last line.
    """
    if format not in FORMATS:
        raise ValueError(f"`format` must be one of {list(FORMATS)}. Received: format={format!r}")
    model(np.zeros((1, *model.image_shape), "float32"))  # Keras exports only what was called once.
    target = Path(filepath)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
        written = Path(folder) / target.name
        if format == "tf_saved_model" and keras.backend.backend() == "torch":
            source = Path(folder) / "model.keras"
            model.save(source)
            _child(_EXPORT, source, written, format, backend="tensorflow")
        else:
            keras.Model.export(model, str(written), format=format, verbose=bool(verbose), **kwargs)
        old = Path(folder) / "replaced"
        if target.exists():
            os.replace(target, old)
        os.replace(written, target)


def served_outputs(path: str | os.PathLike, images: np.ndarray) -> np.ndarray:
    """What a SavedModel answers to `images`, computed in a fresh process that knows neither Keras nor ltzoo.

    Args:
        path: folder of the SavedModel.
        images: raw pixels `[batch, height, width, channels]`.

    Returns:
        float32 array, the outputs of its `serve` endpoint.
    """
    with tempfile.TemporaryDirectory() as folder:
        inputs, outputs = Path(folder) / "inputs.npy", Path(folder) / "outputs.npy"
        np.save(inputs, images)
        _child(_SERVE, path, inputs, outputs)
        return np.load(outputs)


def _child(program, *arguments, backend=None):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    if backend is not None:
        environment["KERAS_BACKEND"] = backend
    package = str(Path(__file__).resolve().parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [package, environment.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        if "No module named 'tensorflow'" in last:
            raise ImportError('A SavedModel needs TensorFlow. Install it: pip install "ltzoo[tensorflow]"')
        raise RuntimeError(f"The child process of the export failed: {last}")
