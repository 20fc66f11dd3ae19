"""The formats that a classifier can be exported to, and what each needs; imports no Keras."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Format(NamedTuple):
    """One format.

    Attributes:
        title: what people call it.
        suffix: the ending of its file; "" for a folder.
        writers: the backends that can write it, best first, and the modules that each needs for it.
        runtime: the module that runs it, and nothing else does.
        notes: what a user should know of it.
    """

    title: str
    suffix: str
    writers: Mapping[str, tuple[str, ...]]
    runtime: str
    notes: str


FORMATS: Mapping[str, Format] = {
    "tf_saved_model": Format(
        "SavedModel",
        "",
        {"tensorflow": ()},
        "tensorflow",
        "a folder, for TensorFlow and TF Serving; takes encoded images too",
    ),
    "onnx": Format(
        "ONNX",
        ".onnx",
        {"tensorflow": ("onnx", "tf2onnx"), "torch": ("onnx",), "jax": ("onnx", "jax2onnx")},
        "onnxruntime",
        "for ONNX Runtime, MLServer, Triton and others",
    ),
    "litert": Format(
        "LiteRT", ".tflite", {"tensorflow": ()}, "ai_edge_litert", "for phones and small devices"
    ),
    "openvino": Format(
        "OpenVINO",
        ".xml",
        {
            "tensorflow": ("openvino", "onnx", "tf2onnx"),
            "torch": ("openvino", "onnx"),
            "jax": ("openvino", "onnx", "jax2onnx"),
        },
        "openvino",
        "for Intel processors; the weights lie beside it in a .bin file",
    ),
    "torch": Format(
        "ExportedProgram", ".pt2", {"torch": ()}, "torch", "for torch.export.load and AOTInductor"
    ),
}
EXTRAS = {
    "tensorflow": "tensorflow",
    "jax": "jax",
    "torch": "torch",
    "onnx": "onnx",
    "tf2onnx": "onnx",
    "onnxruntime": "onnx",
    "jax2onnx": "onnx-jax",
    "openvino": "openvino",
    "ai_edge_litert": "litert",
}


def installed(module: str) -> bool:
    """Whether a module can be imported; it is not imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def writers_of(name: str, backend: str, is_installed: Callable[[str], bool] = installed) -> list[str]:
    """The installed backends that write a format, the present one first.

    Args:
        name: a key of `FORMATS`.
        backend: the present backend.
        is_installed: whether a module can be imported.

    Raises:
        ValueError: no such format.
        ImportError: no backend that can write it is installed with the modules it needs; the message says what to
            install.
    """
    if name not in FORMATS:
        raise ValueError(f"`format` must be one of {list(FORMATS)}. Received: format={name!r}")
    writers = FORMATS[name].writers
    able = [by for by, modules in writers.items() if all(map(is_installed, (by, *modules)))]
    if able:
        return sorted(able, key=lambda by: by != backend)
    wanted = backend if backend in writers else next(iter(writers))
    missing = [module for module in (wanted, *writers[wanted]) if not is_installed(module)]
    extras = ",".join(dict.fromkeys(EXTRAS[module] for module in missing))
    raise ImportError(
        f"{FORMATS[name].title} is written by {' or '.join(writers)}, and {' and '.join(missing)} is not installed. "
        f'Install it: pip install "ltzoo[{extras}]". Received: format={name!r} on the {backend} backend'
    )
