"""Warnings at the line of the user's program that made the call, however many functions of the library lie between."""

from __future__ import annotations

import sys
import warnings

# A context manager as a decorator calls through `contextlib`.
_INSIDE = ("ltzoo", "keras", "contextlib")


def warn_caller(message: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning for the innermost call from outside of this package and Keras; `ltzoo.cli` counts as outside."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and _is_inside(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _is_inside(module):
    return module.partition(".")[0] in _INSIDE and not module.startswith("ltzoo.cli.")
