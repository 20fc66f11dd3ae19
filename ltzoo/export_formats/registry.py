"""Export formats by name, what each needs, and which backend can write it.

A format is a function `(served, path, description, **options)` that writes a file or folder on one of its backends:

    @register("my_format", title="MyFormat", suffix=".my", writers={"jax": ()}, runtime="my_runtime", notes="for ...")
    def write(served: Any, path: Path, description: Description, level: int = 3) -> None: ...

`served` is a `keras.Model` from raw pixels to logits with an attribute `image_shape`. Its file imports Keras and other
libraries inside the function only, so that the formats can be listed without them.
"""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable, Iterable, Mapping

from ltzoo.registry import Entry, Registry


@dataclasses.dataclass(frozen=True, kw_only=True)
class Format(Entry):
    """One format.

    Attributes:
        title: what people call it.
        suffix: the ending of its file; "" for a folder.
        writers: the backends that can write it, best first, and the modules that each needs for it.
        runtime: the module that runs it.
        notes: what a user should know about it.
        program: Python that runs it, for `ltzoo.models.served_outputs`: it finds `path` and the dict of arrays
            `inputs` with "images", and puts the logits into the dict `outputs` as "logits". "" without one.
        check: function of the options that raises a `ValueError` for wrong ones, before anything is written.
    """

    title: str
    suffix: str
    writers: Mapping[str, tuple[str, ...]]
    runtime: str
    notes: str
    program: str = ""
    check: Callable[..., None] | None = None


FORMATS = Registry("format", Format)
register = FORMATS.register
names = FORMATS.names

# The extra of this package that installs a module; others are installed by their own name.
_EXTRAS = {
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


def install(modules: Iterable[str]) -> str:
    """Return the command that installs modules."""
    modules = list(modules)
    extras = ",".join(dict.fromkeys(_EXTRAS[module] for module in modules if module in _EXTRAS))
    others = [module for module in modules if module not in _EXTRAS]
    return " ".join(["pip install", *([f'"ltzoo[{extras}]"'] if extras else []), *others])


def installed(module: str) -> bool:
    """Return whether a module can be imported; it is not imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def writers_of(name: str, backend: str, is_installed: Callable[[str], bool] = installed) -> list[str]:
    """Return the installed backends that write a format, the present one first.

    Args:
        name: one of `names()`.
        backend: the present backend.
        is_installed: whether a module can be imported.

    Raises:
        ValueError: no such format.
        ImportError: no backend that can write it is installed with the modules it needs; the message says what to
            install.
    """
    FORMATS.check(name, "format")
    writers = FORMATS[name].writers
    able = [by for by, modules in writers.items() if all(map(is_installed, (by, *modules)))]
    if able:
        return sorted(able, key=lambda by: by != backend)
    wanted = backend if backend in writers else next(iter(writers))
    missing = [module for module in (wanted, *writers[wanted]) if not is_installed(module)]
    raise ImportError(
        f"{FORMATS[name].title} is written by {' or '.join(writers)}, and {' and '.join(missing)} is not installed. "
        f"Install it: {install(missing)}. Received: format={name!r} on the {backend} backend"
    )
