"""Users' own parts: files in `LTZOO_PARTS`, and installed packages with entry points."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import sys
from pathlib import Path

VARIABLE = "LTZOO_PARTS"
GROUP = "ltzoo.parts"
_loaded = set()


def there_are_some() -> bool:
    """Return whether the user named a file or installed a package with parts, without importing any."""
    return bool(_files() or _entry_points())


def load() -> None:
    """Import every file and package with parts that is not imported yet.

    Raises:
        ImportError: one of them is missing or cannot be imported; the message names it.
    """
    for entry_point in _entry_points():
        key = entry_point.value
        if key not in _loaded:
            _import(key, f"The entry point {entry_point.name!r} of the group {GROUP!r}", entry_point.load)
    for path in _files():
        if path not in _loaded:
            _import(path, f"The file {path} of --parts or {VARIABLE}", lambda path=path: _import_file(path))


def _import(key, what, action):
    # Before the import, which may look up parts itself.
    _loaded.add(key)
    try:
        action()
    except (
        Exception,
        SystemExit,
    ) as error:  # A script that ends itself would end the command without a word.
        _loaded.discard(key)
        reason = f"{type(error).__name__}: {error}".removesuffix(": ")
        raise ImportError(f"{what} cannot be imported: {reason}") from error


def _files():
    return _paths(os.environ.get(VARIABLE, ""))


# Cached: every lookup of a name asks, and searching the installed packages takes milliseconds.
@functools.cache
def _paths(variable):
    return [str(Path(path).expanduser().resolve()) for path in variable.split(os.pathsep) if path]


@functools.cache
def _entry_points():
    return tuple(importlib.metadata.entry_points(group=GROUP))


def _import_file(path):
    if any(_is_from(module, path) for module in list(sys.modules.values())):
        return
    name = f"ltzoo_parts_{Path(path).stem}"
    if name in sys.modules:  # A file of this name in another folder.
        name += f"_{hashlib.sha256(path.encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not Path(path).is_file():
        raise FileNotFoundError("it must be a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise


def _is_from(module, path):
    # Most modules differ in the name of their file, which is quicker to compare than to resolve.
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and (
        file == path or _same_name(file, path) and os.path.realpath(file) == path
    )


def _same_name(file, path):
    return os.path.basename(file) == os.path.basename(path) or os.path.islink(file)
