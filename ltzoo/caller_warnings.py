"""Warnings at the line of the user's program that made the call, however many functions of the library lie between."""

from __future__ import annotations

import sys
import warnings
from typing import Any, NamedTuple

# A context manager as a decorator calls through `contextlib`.
_INSIDE = ("ltzoo", "keras", "contextlib")


def warn_caller(message: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning for the innermost call from outside of this package and Keras; `ltzoo.cli` counts as outside."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and _is_inside(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


class Caller(NamedTuple):
    """A line outside of this package and Keras that made a call; see `caller`."""

    filename: str
    line: int
    module: str
    registry: dict[Any, Any]

    def warn(self, message: str, category: type[Warning] = UserWarning) -> None:
        """Issue a warning for the line, from any thread."""
        warnings.warn_explicit(message, category, self.filename, self.line, self.module, self.registry)


def caller() -> Caller:
    """Return the innermost call from outside of this package and Keras, for warnings that come later."""
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_inside(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    known = frame.f_globals
    return Caller(
        frame.f_code.co_filename,
        frame.f_lineno,
        known.get("__name__", "__main__"),
        known.setdefault("__warningregistry__", {}),
    )


def _is_inside(module):
    return module.partition(".")[0] in _INSIDE and not module.startswith("ltzoo.cli.")
