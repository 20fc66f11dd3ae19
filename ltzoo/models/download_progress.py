"""The bar of a download."""

from __future__ import annotations

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


class DownloadProgress:
    """Bytes, speed and remaining time on stderr, if that is a terminal, or in a notebook; nothing elsewhere.

    Args:
        name: what is shown before the bar.
    """

    def __init__(self, name: str):
        self._name = name
        self._bar = self._task = None

    def start(self, done: int, total: int | None) -> None:
        """A try begins with `done` of `total` bytes here; None is unknown."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total)
            return
        console = Console(stderr=True)
        if not (console.is_terminal or console.is_jupyter):
            return
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._bar.add_task(self._name, completed=done, total=total)
        self._bar.start()

    def update(self, done: int) -> None:
        """`done` bytes are here."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self._bar is not None:
            self._bar.stop()
