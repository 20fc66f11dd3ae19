"""LiteRT (TensorFlow Lite), on the TensorFlow backend."""

from __future__ import annotations

import zipfile
from pathlib import Path

import keras

from ltzoo.models.exporting.description import Description
from ltzoo.models.exporting.served_classifier import ServedClassifier


def write_litert(served: ServedClassifier, path: Path, description: Description) -> None:
    """Writes a `.tflite` file whose batch is set with `resize_tensor_input` (1 before that).

    Class names and card are packed into the file as LiteRT's associated files are: a ZIP archive after the model,
    which `unzip` and `zipfile` read and the interpreter ignores.

    Args:
        served: the model, on the TensorFlow backend.
        path: the `.tflite` file to make.
        description: class names and card.
    """
    signature = [keras.InputSpec(shape=(None, *served.image_shape), dtype="float32", name="images")]
    keras.Model.export(served, str(path), format="litert", verbose=False, input_signature=signature)
    with zipfile.ZipFile(path, "a") as archive:
        for name, content in description.files().items():
            archive.writestr(name, content)
