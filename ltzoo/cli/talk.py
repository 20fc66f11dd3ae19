"""A command that never falls silent: what it is doing, and how long that will take."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from ltzoo import phases
from ltzoo.cli.console import console, echo
from ltzoo.cli.estimate import Estimate, duration
from ltzoo.cli.listeners import heard
from ltzoo.phases import Phase

# Without a terminal there is a line at least this often; a check each second keeps it so.
_SILENCE_SECONDS = 28.0
# The first estimate comes when it is sound, and after this many seconds in any case.
_ESTIMATE_SECONDS = 15.0
_TICK_SECONDS = 1.0
_BAR_WIDTH = 12


class Talk:
    """Show the phases of a command while the block runs.

    On a terminal each phase has a bar that vanishes with it, except while something else holds the terminal, such as
    the bar of a stage. Elsewhere a thread prints a line where the command has been silent for half a minute. The
    thread ends with the block, whatever ends it.

        with Talk(console()) as talk:
            ...

    Args:
        console: where to print.
        clock: returns seconds.
        started: when the command began, by that clock; default: now.
    """

    def __init__(
        self, console: Console, clock: Callable[[], float] = time.monotonic, started: float | None = None
    ) -> None:
        self.console, self.clock = console, clock
        self.started = clock() if started is None else started
        self.estimate: Estimate | None = None
        self._last_line = clock()
        self._estimated = self._asked = False
        self._held = 0
        self._bar: tuple[Progress, TaskID, Phase] | None = None
        self._begun: dict[int, float] = {}
        self._guard = threading.RLock()
        self._over = threading.Event()
        self._exit = contextlib.ExitStack()

    def __enter__(self) -> Talk:
        self._exit.enter_context(phases.observed(self))
        self._exit.enter_context(heard(self._heard))
        thread = threading.Thread(target=self._run, name="ltzoo_talk", daemon=True)
        thread.start()
        self._exit.callback(thread.join)
        self._exit.callback(self._over.set)
        self._exit.callback(self._close_bar)
        return self

    def __exit__(self, *error: object) -> None:
        self._exit.close()

    def expect(self, estimate: Estimate) -> None:
        """Show an estimate of the whole time as soon as there is one."""
        self.estimate = estimate

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Show nothing on the terminal in the block, which draws there itself."""
        self.hold()
        try:
            yield
        finally:
            self.let_go()

    def hold(self) -> None:
        """Leave the terminal to another bar until `let_go`."""
        self._close_bar()
        self._held += 1

    def let_go(self) -> None:
        """Take the terminal back."""
        self._held = max(self._held - 1, 0)

    def began(self, phase: Phase) -> None:
        """Open the bar of a phase."""
        self._begun[id(phase)] = self.clock()
        if self.estimate is not None:
            self.estimate.began(phase)
        if self.console.is_terminal and not self._held:
            self._close_bar()
            self._open_bar(phase)

    def advanced(self, phase: Phase, count: int) -> None:
        """Move the bar of a phase."""
        if self.estimate is not None:
            self.estimate.advanced(phase, count)
        if self._bar is not None and self._bar[2] is phase:
            self._bar[0].update(self._bar[1], completed=phase.done, left=self._left())

    def ended(self, phase: Phase) -> None:
        """Close the bar of a phase."""
        self._begun.pop(id(phase), None)
        if self.estimate is not None:
            self.estimate.ended(phase)
        if self._bar is not None and self._bar[2] is phase:
            self._close_bar()

    def beat(self) -> None:
        """Print what is due now: the first estimate, or a line after half a minute of silence."""
        with self._guard:
            line = self._first_estimate()
            now = self.clock()
            if line is None and not self.console.is_terminal and now - self._last_line >= _SILENCE_SECONDS:
                line = self.status()
            if line is not None:
                self.console.print(line, soft_wrap=True)
                self._last_line = now

    def status(self) -> str:
        """Return one line on what is going on."""
        phase = phases.current()
        elapsed = f"{duration(self.clock() - self.started)} so far"
        if phase is None:
            return f"... {elapsed}"
        parts = [_describe(phase)]
        since = self.clock() - self._begun.get(id(phase), self.clock())
        if not phase.done and since >= _SILENCE_SECONDS:
            parts.append(f"for {duration(since)}")
        return "  ".join(filter(None, [f"... {', '.join(parts)}", elapsed, self._left()]))

    def _left(self):
        return "" if self.estimate is None else self.estimate.text()

    def _first_estimate(self):
        estimate = self.estimate
        if estimate is None or self._estimated:
            return None
        waited = self.clock() - self.started >= _ESTIMATE_SECONDS
        if not (estimate.is_sound() or waited):
            return None
        in_all = estimate.seconds_in_all()
        if in_all is None:
            phase = phases.current()
            if self.console.is_terminal or self._asked or phase is None:
                return None
            self._asked = True
            return f"... {_describe(phase)}  no estimate of the time yet"
        self._estimated = True
        left = estimate.seconds_left() or 0.0
        at = time.strftime("%H:%M", time.localtime(time.time() + left))
        return f"Estimate: about {duration(in_all)} in all, until about {at}"

    def _heard(self) -> None:
        self._last_line = self.clock()

    def _run(self) -> None:
        while not self._over.wait(_TICK_SECONDS):
            try:
                self.beat()
            except (OSError, ValueError):  # The reader has gone, or the stream is closed.
                return

    def _open_bar(self, phase: Phase) -> None:
        columns: list[Any] = [TextColumn("{task.description}"), BarColumn(bar_width=_BAR_WIDTH)]
        if phase.total is not None:
            columns.append(TextColumn("{task.completed:,.0f} of {task.total:,.0f} {task.fields[unit]}"))
        columns.append(TextColumn("{task.fields[left]}"))
        # What the command writes to standard output may be its result, which must not end up in the bar.
        progress = Progress(
            *columns, console=self.console, transient=True, redirect_stdout=not self.console.stderr
        )
        task = progress.add_task(phase.name, total=phase.total, unit=phase.unit, left="")
        progress.start()
        self._bar = progress, task, phase

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar[0].stop()
            self._bar = None


@contextlib.contextmanager
def talking(first_line: str = "", err: bool = False) -> Iterator[Talk]:
    """Print the first line of a command and keep talking in the block.

    Args:
        first_line: what the command is about to do; "" prints nothing.
        err: talk on standard error, for a command whose standard output is its result.
    """
    if first_line:
        echo(first_line, err=err)
    with Talk(console(err)) as talk:
        yield talk


def _describe(phase: Phase) -> str:
    if phase.total is not None:
        return f"{phase.name}: {phase.done:,} of {phase.total:,} {phase.unit}"
    return f"{phase.name}: {phase.done:,} {phase.unit}" if phase.done else phase.name
