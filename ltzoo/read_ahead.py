"""Read the next batch of images while the network computes the current one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

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
