"""Who wants to know that a line was printed."""

import contextlib
from collections.abc import Callable, Iterator

_listeners: list[Callable[[], None]] = []


@contextlib.contextmanager
def heard(listener: Callable[[], None]) -> Iterator[None]:
    """Call `listener` after every line that the command prints in the block."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def printed() -> None:
    """Tell the listeners that a line was printed."""
    for listener in _listeners:
        listener()
