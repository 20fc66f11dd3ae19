"""ONNX files whose convolutions compute with 8-bit integers, calibrated on training images."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ltzoo.arguments import checked
from ltzoo.checks import PositiveInt
from ltzoo.data.splits import Split
from ltzoo.export_formats.registry import install, installed
from ltzoo.files import atomic_write

_BATCH = 32
# What runtimes fuse with a convolution must be quantized with it, or nothing becomes faster.
_INTEGER = ("Conv", "Clip", "Relu", "Add")


@checked
def quantize_onnx(
    source: str | os.PathLike,
    target: str | os.PathLike,
    images: Split | np.ndarray,
    max_images: PositiveInt = 256,
) -> None:
    """Write a float32 ONNX file of `export_model` again with 8-bit convolutions (static, per output channel).

    Weights `w ~ s_c q` are symmetric int8 with one scale s_c per output channel c. Activations are uint8 with one scale
    and zero point per tensor, from the smallest and largest value on the calibration images. The head and the
    normalization of pixels stay in float32, since they cost little time and decide over rare classes. Input, output
    and metadata stay the same.

    Args:
        source: the float32 file.
        target: the file to write; it appears whole or not at all.
        images: raw pixels 0..255 to calibrate on, best training images: a `Split`, or an array
            `[N, height, width, channels]`.
        max_images: images to use, spread evenly; more take longer and change little.

    Raises:
        ImportError: `onnx` or `onnxruntime` is missing.
        ValueError: there is no image, or its shape is not that of the file.
    """
    missing = [module for module in ("onnx", "onnxruntime") if not installed(module)]
    if missing:
        raise ImportError(
            f"8-bit ONNX needs {' and '.join(missing)}. Install it: {install(missing)}. Received: a file for int8"
        )
    import onnx  # pyright: ignore[reportMissingImports]
    from onnxruntime import quantization  # pyright: ignore[reportMissingImports]
    from onnxruntime.quantization.shape_inference import (  # pyright: ignore[reportMissingImports]
        quant_pre_process,
    )

    load, count = _loader(images)
    if not count:
        raise ValueError("`images` must hold at least one image. Received: images with 0 images")
    chosen = np.unique(np.linspace(0, count - 1, min(count, max_images)).astype(np.int64))
    model = onnx.load(os.fspath(source))
    _check_shape(model, load(chosen[:1]).shape[1:])
    with tempfile.TemporaryDirectory() as folder, _quiet():
        prepared, written = Path(folder) / "prepared.onnx", Path(folder) / "int8.onnx"
        quant_pre_process(os.fspath(source), str(prepared), skip_symbolic_shape=True)
        batches = (chosen[start : start + _BATCH] for start in range(0, len(chosen), _BATCH))
        quantization.quantize_static(
            str(prepared),
            str(written),
            _Reader(quantization.CalibrationDataReader, (load(batch) for batch in batches)),
            quant_format=quantization.QuantFormat.QDQ,
            op_types_to_quantize=list(_INTEGER),
            per_channel=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            extra_options={"ActivationSymmetric": False, "WeightSymmetric": True},
        )
        result = onnx.load(str(written))
    del result.metadata_props[:]
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    onnx.helper.set_model_props(result, {**metadata, "precision": "int8"})
    onnx.checker.check_model(result)
    with atomic_write(Path(target)) as temporary:
        onnx.save(result, str(temporary))


def _Reader(base: type, batches: Iterator[np.ndarray]) -> Any:
    """Return a reader of calibration batches; `base` is a class of an optional library."""

    class Reader(base):
        def get_next(self):
            batch = next(batches, None)
            return None if batch is None else {"images": np.asarray(batch, "float32")}

    return Reader()


def _loader(images: Split | np.ndarray) -> tuple[Callable[[np.ndarray], np.ndarray], int]:
    if isinstance(images, np.ndarray):
        return lambda positions: images[positions], len(images)
    return images.load, len(images)


def _check_shape(model, shape):
    dims = model.graph.input[0].type.tensor_type.shape.dim
    expected = tuple(dim.dim_value for dim in dims)[1:]
    if tuple(shape) != expected:
        raise ValueError(
            f"`images` must have the shape {expected} (height, width, channels) of the file. "
            f"Received: images of shape {tuple(shape)}"
        )


@contextlib.contextmanager
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)
