"""The line of the user that a warning points at."""

from __future__ import annotations

import sys

_INSIDE = ("ltzoo", "keras", "contextlib")


def caller_level() -> int:
    """Return the `stacklevel` for `warnings.warn` with which a warning points at the user's line.

    That is the nearest call from outside of the library and Keras, however many wrappers lie between.
    """
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in _INSIDE:
        level, frame = level + 1, frame.f_back
    return level
