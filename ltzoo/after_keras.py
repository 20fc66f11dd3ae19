"""Run an action once Keras is imported, without importing it."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import threading
from collections.abc import Callable, Sequence
from types import ModuleType


def after_keras(action: Callable[[], object], package: str) -> None:
    """Call `action` as soon as Keras is imported: now, or right after the import statement that brings it.

    Modules of `package`, at any depth, import Keras themselves. If one of them brings it, `action` waits until the
    outermost of them is complete, so that it may import every module.

    Args:
        action: called once, without arguments.
        package: name of the package whose modules `action` imports.
    """
    if "keras" in sys.modules:
        action()
    else:
        sys.meta_path.insert(0, _AfterKeras(action, package))


class _AfterKeras(importlib.abc.MetaPathFinder):
    """A finder that defers to the other finders, and notices when Keras or a module of the package is complete."""

    def __init__(self, action, package):
        self.action, self.package = action, package
        self.imports = threading.local()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return what the other finders say, with a loader that reports when it is done."""
        if fullname != "keras" and not fullname.startswith(f"{self.package}."):
            return None
        others = (finder for finder in list(sys.meta_path) if finder is not self)
        spec = next(filter(None, (finder.find_spec(fullname, path, target) for finder in others)), None)
        if spec is not None and spec.loader is not None:
            self._watch(spec.loader)
        return spec

    def _watch(self, loader):
        execute = loader.exec_module

        def exec_module(module):
            del loader.exec_module  # What the class of the loader does, if the module is reloaded.
            self.imports.depth = getattr(self.imports, "depth", 0) + 1
            try:
                execute(module)
            finally:
                self.imports.depth -= 1
            if not self.imports.depth and "keras" in sys.modules and self in sys.meta_path:
                sys.meta_path.remove(self)
                self.action()

        loader.exec_module = exec_module
