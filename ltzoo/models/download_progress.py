"""Show the progress of a download."""

from __future__ import annotations

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)


class DownloadProgress:
    """Show bytes, speed and remaining time in a terminal (on stderr) or a notebook; show nothing elsewhere.

    Args:
        name: text before the bar.
    """

    def __init__(self, name: str):
        self._name = name
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def start(self, done: int, total: int | None) -> None:
        """Start or continue with `done` of `total` bytes; a `total` of None is unknown."""
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
        """Show that `done` bytes have arrived."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self._bar is not None:
            self._bar.stop()
