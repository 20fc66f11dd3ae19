"""What each entrance makes of an image file: the pixels of training, other pixels, or a refusal."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ltzoo.data.pixels import ImageFit, UnreadableImageError, read_image

SIZE = (24, 32)
TOLERANCE = 3
"""Largest difference of a pixel that still counts as the same: decoders of JPEG round in different ways."""

_MLSERVER = Path(__file__).resolve().parents[2] / "examples" / "serving" / "mlserver" / "onnx_classifier.py"


def training(content: bytes, channels: int) -> np.ndarray | None:
    """Return what training and `ltzoo predict` see, or None for a refusal."""
    try:
        return read_image(content, ImageFit(SIZE), channels).astype("float32")
    except UnreadableImageError:
        return None


def saved_model() -> Callable[[bytes, int], np.ndarray | None]:
    """Return a function as `training` of the SavedModel's signature `serve_images`."""
    import tensorflow as tf

    from ltzoo.export_formats.image_bytes import read_images

    def graph(channels):
        signature = [tf.TensorSpec([None], tf.string)]
        return tf.function(lambda files: read_images(files, (*SIZE, channels)), input_signature=signature)

    graphs = {channels: graph(channels) for channels in (1, 3)}

    def read(content, channels):
        try:
            return graphs[channels](tf.constant([content])).numpy()[0]
        except tf.errors.InvalidArgumentError:
            return None

    return read


def mlserver() -> Callable[[bytes, int], np.ndarray | None]:
    """Return a function as `training` of the MLServer example, which need not be installed."""
    error = type("InferenceError", (Exception,), {})
    stand_ins = {
        "onnxruntime": {},
        "mlserver": {
            "MLModel": object,
            "types": types.SimpleNamespace(InferenceRequest=None, InferenceResponse=None),
        },
        "mlserver.codecs": {"Base64Codec": None, "NumpyCodec": None},
        "mlserver.errors": {"InferenceError": error},
        "mlserver.utils": {"get_model_uri": None},
    }
    spec = importlib.util.spec_from_file_location("onnx_classifier", _MLSERVER)
    assert spec is not None and spec.loader is not None
    example = importlib.util.module_from_spec(spec)
    before = {name: sys.modules.get(name) for name in stand_ins}
    for name, members in stand_ins.items():
        sys.modules[name] = types.ModuleType(name)
        vars(sys.modules[name]).update(members)
    try:
        spec.loader.exec_module(example)
    finally:
        for name, module in before.items():
            sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module

    def read(content, channels):
        runtime = example.OnnxClassifier()
        runtime._shape, runtime._resize, runtime._fit = (*SIZE, channels), None, "crop"
        try:
            return runtime._read(content)
        except error:
            return None

    return read


def verdict(found: np.ndarray | None, expected: np.ndarray | None) -> str:
    """Return "same", "refused", or how far the pixels are from those of training."""
    if found is None:
        return "refused"
    if expected is None:
        return "read, though training refuses"
    difference = np.abs(found - expected).max()
    return "same" if difference <= TOLERANCE else f"differs by {difference:.0f}"
