"""What long work is doing: phases that the library names, for whoever wants to show them.

    with phase("checking images", total=len(split)) as checking:
        for image in split:
            ...
            checking.advance()

Without an observer this costs next to nothing. The command line installs one; see `ltzoo.cli.talk`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

_Item = TypeVar("_Item")


class Phase:
    """A piece of work that is going on.

    Attributes:
        name: what is done, such as "checking images".
        total: how much there is to do; None if that is unknown.
        done: how much is done.
        unit: what is counted.
        kind: what it costs: "forward" for passes of images through the network, "stage 1" and so on for training;
            "" for anything else.
        images: images in one unit.
    """

    def __init__(
        self,
        name: str,
        total: int | None = None,
        unit: str = "images",
        kind: str = "",
        images: float = 1.0,
    ) -> None:
        self.name, self.total, self.unit, self.kind, self.images = name, total, unit, kind, images
        self.done = 0

    def advance(self, count: int = 1) -> None:
        """Say that `count` more units are done."""
        self.done += count
        _tell("advanced", self, count)


class Observer(Protocol):
    """What sees all phases, from the thread that does the work."""

    def began(self, phase: Phase) -> None:
        """A phase begins, perhaps inside another one."""

    def advanced(self, phase: Phase, count: int) -> None:
        """`count` more units of a phase are done."""

    def ended(self, phase: Phase) -> None:
        """A phase is over, whether done or not."""


_observers: list[Observer] = []
_running: list[Phase] = []


@contextlib.contextmanager
def phase(name: str, total: int | None = None, **details: Any) -> Iterator[Phase]:
    """Name the work in the block; the arguments are those of `Phase`."""
    begun = begin(name, total, **details)
    try:
        yield begun
    finally:
        end(begun)


def begin(name: str, total: int | None = None, **details: Any) -> Phase:
    """Begin a phase whose end is elsewhere; see `end`."""
    begun = Phase(name, total, **details)
    _running.append(begun)
    _tell("began", begun)
    return begun


def end(begun: Phase) -> None:
    """End a phase, and do nothing if it has ended."""
    if begun in _running:
        _running.remove(begun)
        _tell("ended", begun)


def counted(
    items: Iterable[_Item], name: str, total: int | None = None, unit: str = "images"
) -> Iterator[_Item]:
    """Yield the items of a phase; each is done when the next one is asked for."""
    with phase(name, total, unit=unit) as begun:
        for item in items:
            yield item
            begun.advance()


def current() -> Phase | None:
    """Return the innermost phase that is going on, or None."""
    running = list(_running)
    return running[-1] if running else None


@contextlib.contextmanager
def observed(observer: Observer) -> Iterator[None]:
    """Let an observer see the phases that begin in the block."""
    _observers.append(observer)
    try:
        yield
    finally:
        _observers.remove(observer)


def _tell(event: str, *arguments: Any) -> None:
    for observer in _observers:
        told: Callable[..., None] = getattr(observer, event)
        told(*arguments)
