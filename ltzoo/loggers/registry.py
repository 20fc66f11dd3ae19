"""Loggers by name, and the libraries that they need.

A logger is a class or function `(folder, title, memory)` whose result has the methods of `Logger`:

    @register("my_logger", modules=("my_library",), package="my-library")
    class MyLogger: ...

Its file imports the library only inside of functions, so that loggers can be listed and checked without it.
"""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from ltzoo.registry import Entry, Registry


class Logger(Protocol):
    """What receives the measures of one training."""

    def settings(self, values: Mapping[str, str | int | float | bool]) -> None:
        """Write the settings of the training; called once, also if the training is resumed later."""

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Write the measures of an epoch to disk; `step` is its number over all stages, from 1."""

    def close(self) -> None:
        """Finish; nothing comes after it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LoggerEntry(Entry):
    """A registered logger.

    Attributes:
        modules: modules that it imports.
        package: what to install for them.
    """

    modules: tuple[str, ...] = ()
    package: str = ""


LOGGERS = Registry("logger", LoggerEntry)
register = LOGGERS.register
names = LOGGERS.names


def check(name: Any, argument: str = "logger") -> None:
    """Refuse an unknown logger, and one whose library is not installed; import nothing.

    Raises:
        ValueError: there is no such logger.
        ImportError: its library is missing; the message has the command that installs it.
    """
    LOGGERS.check(name, argument)
    lacking = missing(name)
    if lacking:
        package = LOGGERS[name].package
        raise ImportError(
            f"`{argument}` {name!r} needs the package {package}. Install it with: pip install {package}. "
            f"Received: {argument}={name!r} without the module {lacking[0]}"
        )


def missing(name: str) -> list[str]:
    """Return the modules that a logger needs and that are not installed."""
    return [module for module in LOGGERS[name].modules if not _is_there(module)]


def open_logger(name: str, folder: Path, title: str, memory: dict[str, Any]) -> Logger:
    """Open a logger.

    Args:
        name: its name.
        folder: the folder to write into.
        title: what to call the training.
        memory: what it remembered in an earlier part of the same training, empty at first; it may put plain values into
            it, which a resumed training gets back.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return LOGGERS.part(name)(folder, title, memory)


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):  # A parent is missing, or a module was replaced by hand.
        return False
