"""Read the next batches of images while the network computes the current one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

Part = TypeVar("Part")
Batch = TypeVar("Batch")


def read_ahead(load: Callable[[Part], Batch], parts: Iterable[Part]) -> Iterator[tuple[Part, Batch]]:
    """Yield `(part, load(part))` for each part, in order; one further part is loaded meanwhile.

    An error of `load` is raised when its part is due.

    Args:
        load: a function such as `split.load`.
        parts: its arguments, such as arrays of positions.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ltzoo_read_ahead") as pool:
        waiting = None
        for part in parts:
            following = part, pool.submit(load, part)
            if waiting is not None:
                yield waiting[0], waiting[1].result()
            waiting = following
        if waiting is not None:
            yield waiting[0], waiting[1].result()


class Ahead(Generic[Batch]):
    """`load(0)`, ..., `load(count - 1)` by index, where asking for one also begins the ones behind it.

    Args:
        load: a pure function of the index, safe to call from several threads.
        count: number of indices.
        threads: threads that load.
        most: how many further ones are begun.
    """

    def __init__(self, load: Callable[[int], Batch], count: int, threads: int, most: int) -> None:
        self.load, self.count, self.threads, self.most = load, count, threads, most
        self._guard = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._begun: dict[int, Future[Any]] = {}

    def __getitem__(self, index: int) -> Batch:
        with self._guard:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="ltzoo_batches")
            last = min(index + self.most, self.count - 1)
            for number in [number for number in self._begun if not index <= number <= last]:
                self._begun.pop(number).cancel()
            for number in range(index, last + 1):
                if number not in self._begun:
                    self._begun[number] = self._pool.submit(self.load, number)
            future = self._begun.pop(index)
        return future.result()
