"""The threads that read image files, shared by all splits of the process.

Every pass over a dataset (check, training, validation, features, evaluation, prediction) reads its images here, one per
processor core at a time: decoded, cropped and scaled. Decoders release the lock of Python. Results come in order, so
that nothing depends on the number of threads.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from ltzoo.checks import integer

Item = TypeVar("Item")
Result = TypeVar("Result")

_AHEAD = (
    2  # Items per thread that are begun before the first is taken; more would fill the memory with images.
)


class _Threads:
    """The pool, made when it is first needed; a forked process makes its own."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.reset()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.reset)

    def reset(self) -> None:
        self.guard = threading.Lock()
        self.pool: ThreadPoolExecutor | None = None

    def take(self) -> ThreadPoolExecutor:
        with self.guard:
            if self.pool is None:
                self.pool = ThreadPoolExecutor(reading_threads(), thread_name_prefix="ltzoo_reading")
            return self.pool


_THREADS = _Threads()


def available_cores() -> int:
    """Return the number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def reading_threads() -> int:
    """Return how many images are read at a time: as `set_reading_threads` says, by default one per core."""
    return available_cores() if _THREADS.number is None else _THREADS.number


def set_reading_threads(number: int | None) -> None:
    """Set how many images this process reads at a time.

    Args:
        number: at least 1, which reads in the calling thread; None means one per core.

    Raises:
        ValueError: it is no such number.
    """
    if number is not None:
        integer("number", number, 1)
    with _THREADS.guard:
        before, _THREADS.number, _THREADS.pool = _THREADS.pool, number, None
    if before is not None:
        before.shutdown(wait=False)  # What was begun is finished.


@contextlib.contextmanager
def reading_with(number: int | None) -> Iterator[int]:
    """Read this number of images at a time within the block, and yield it; None keeps the number as it is.

    Raises:
        ValueError: it is no such number.
    """
    before = _THREADS.number
    if number is not None:
        set_reading_threads(number)
    try:
        yield reading_threads()
    finally:
        if number is not None:
            set_reading_threads(before)


def in_order(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield `function(item)` for each item, in order, computed by several threads at a time.

    The first error in the order of the items is raised, whichever came first in time.

    Args:
        function: safe to call from several threads. It must not call `in_order` itself.
        items: its arguments.
    """
    number = reading_threads()
    if number == 1:
        yield from map(function, items)
        return
    begun: deque[Future[Any]] = deque()
    try:
        for item in items:
            begun.append(_submit(function, item))
            if len(begun) > _AHEAD * number:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        for future in begun:
            future.cancel()


def _submit(function, item):
    try:
        return _THREADS.take().submit(function, item)
    except RuntimeError:  # The number of threads was changed in between.
        return _THREADS.take().submit(function, item)
