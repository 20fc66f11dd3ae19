"""Warnings at the line of the user's program that made the call, however many functions of the library lie between."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from pathlib import Path

_PACKAGE = str(Path(__file__).parent) + os.sep
_KERAS = f"{os.sep}keras{os.sep}src{os.sep}"


def warn_caller(message: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning for the innermost call from outside of this package and Keras."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and _is_inside(frame.f_code.co_filename):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _is_inside(file):
    # A context manager as a decorator calls through `contextlib`.
    return file.startswith(_PACKAGE) or _KERAS in file or file == contextlib.__file__
