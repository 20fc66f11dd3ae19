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
    if _keras_is_imported():
        action()
        return
    # A reloaded package takes the place of its earlier self.
    sys.meta_path[:] = [
        finder for finder in sys.meta_path if getattr(finder, "after_keras_for", None) != package
    ]
    sys.meta_path.insert(0, _AfterKeras(action, package))


class _AfterKeras(importlib.abc.MetaPathFinder):
    """A finder that defers to the other finders, and notices when Keras or a module of the package is complete."""

    def __init__(self, action, package):
        self.action, self.after_keras_for = action, package
        self.imports = threading.local()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return what the other finders say, with a loader that reports when it is done."""
        # Another finder that defers to the others, as this one does, asks this one in turn.
        if getattr(self.imports, "searching", False):
            return None
        if fullname != "keras" and not fullname.startswith(f"{self.after_keras_for}."):
            return None
        others = (finder for finder in list(sys.meta_path) if finder is not self)
        self.imports.searching = True
        try:
            spec = next(filter(None, (finder.find_spec(fullname, path, target) for finder in others)), None)
        finally:
            self.imports.searching = False
        if spec is not None and spec.loader is not None:
            self._watch(spec.loader)
        return spec

    def _watch(self, loader):
        execute = loader.exec_module

        def exec_module(module):
            vars(loader).pop(
                "exec_module", None
            )  # What the class of the loader does, if the module is reloaded.
            self.imports.depth = getattr(self.imports, "depth", 0) + 1
            try:
                execute(module)
            finally:
                self.imports.depth -= 1
            if not self.imports.depth and _keras_is_imported() and self in sys.meta_path:
                # The module is complete. Otherwise other threads would wait for it, and this one for their modules.
                module.__spec__._initializing = False
                self._act()

        loader.exec_module = exec_module

    def _act(self):
        sys.meta_path.remove(self)
        try:
            self.action()
        except RuntimeError as error:
            if type(error).__name__ != "_DeadlockError":
                raise
            # Another thread is importing one of the modules and waits for this one: it acts when it is done.
            sys.meta_path.insert(0, self)


def _keras_is_imported():
    return sys.modules.get("keras") is not None
