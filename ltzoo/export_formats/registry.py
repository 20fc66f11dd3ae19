"""Export formats by name, their requirements, and the backends that can write them.

A format is a function `(served, path, description, **options)` that writes a file or folder on one of its backends:

    @register("my_format", title="MyFormat", suffix=".my", writers={"jax": ()}, runtime="my_runtime", notes="for ...")
    def write(served: Any, path: Path, description: Description, level: int = 3) -> None: ...

`served` is a `keras.Model` from raw pixels to logits with an attribute `image_shape`. The file imports Keras and
other libraries only inside the function, so that formats can be listed without them.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.metadata
import importlib.util
import os
import re
from collections.abc import Callable, Iterable, Mapping

from ltzoo.registry import Entry, Registry


@dataclasses.dataclass(frozen=True, kw_only=True)
class Format(Entry):
    """An export format.

    Attributes:
        title: display name.
        suffix: suffix of the file; "" for a folder.
        writers: modules that each backend needs to write the format, preferred backend first.
        runtime: module that runs the exported model.
        notes: short advice for users.
        program: Python code that runs the exported model, for `ltzoo.models.served_outputs`. It reads `path` and
            the array `inputs["images"]`, and sets `outputs["logits"]`. "" if there is none.
        check: function of the options that raises a `ValueError` for invalid ones before anything is written.
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


def wrong_place(name: str, suffix: str) -> str | None:
    """Return what a path with a suffix must do instead to be written in a format, or None if it fits.

    Args:
        name: one of `names()`.
        suffix: suffix of the path with its dot; "" if it has none.
    """
    wanted = FORMATS[name].suffix
    if wanted:
        return None if suffix == wanted else f"end in {wanted}"
    return f"not end in {suffix}" if suffix and suffix in (FORMATS[one].suffix for one in FORMATS) else None


def install(modules: Iterable[str]) -> str:
    """Return the `pip install` command for modules, through extras of this package where possible."""
    extras = {module: _extra_of(module) for module in modules}
    own = ",".join(dict.fromkeys(filter(None, extras.values())))
    others = [module for module, extra in extras.items() if extra is None]
    return " ".join(["pip install", *([f'"ltzoo[{own}]"'] if own else []), *others])


def _extra_of(module):
    """Return the extra of this package that installs a module; of several the one most like its name, or None."""
    distribution = re.escape(module.replace("_", "-"))
    pattern = re.compile(rf"{distribution}\b(?!-).*extra == ['\"]([\w-]+)")
    extras = [found[1] for found in map(pattern.match, _requirements()) if found]
    return max(extras, key=lambda extra: len(os.path.commonprefix([extra, module])), default=None)


@functools.cache
def _requirements():
    try:
        return tuple(importlib.metadata.requires("ltzoo") or ())
    except importlib.metadata.PackageNotFoundError:  # A checkout that is not installed.
        return ()


def installed(module: str) -> bool:
    """Return whether a module can be imported, without importing it."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def writers_of(name: str, backend: str, is_installed: Callable[[str], bool] = installed) -> list[str]:
    """Return the installed backends that can write a format, the current one first.

    Args:
        name: one of `names()`.
        backend: the current backend.
        is_installed: function that says whether a module can be imported.

    Raises:
        ValueError: the format is unknown.
        ImportError: no backend that can write the format is installed with the modules it needs. The message
            says what to install.
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
