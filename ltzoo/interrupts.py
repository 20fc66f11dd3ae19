"""Ctrl-C and the end of the machine's time: a training stops where it can go on."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any, NoReturn


class Terminated(SystemExit):
    """The process was asked to end by SIGTERM; it exits with code 143.

    Attributes:
        said: what was saved, in words.
    """

    def __init__(self, said: str = "") -> None:
        super().__init__(128 + signal.SIGTERM)
        self.said = said


class Interruption:
    """Note the first SIGINT or SIGTERM in the block, while `deferring`, instead of stopping at once.

    The training asks for `pending` after every step, saves and calls `stop`. A second signal stops at once. Handlers
    that the program has set itself stay, and other threads than the main one get no signals.

    Attributes:
        deferring: whether a signal waits for the end of the step.
        pending: the signal that waits, or None.
    """

    def __init__(self) -> None:
        self.deferring = False
        self.pending: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number, usual in (
                (signal.SIGINT, signal.default_int_handler),
                (signal.SIGTERM, signal.SIG_DFL),
            ):
                if signal.getsignal(number) == usual:
                    self._before[number] = signal.signal(number, self._received)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def stop(self, said: str = "") -> NoReturn:
        """Raise the `KeyboardInterrupt` or `Terminated` that waits.

        Args:
            said: what was saved.
        """
        number, self.pending, self.deferring = self.pending, None, False
        if number == signal.SIGTERM:
            raise Terminated(said)
        raise KeyboardInterrupt(said)

    def _received(self, number: int, frame: FrameType | None) -> None:
        first = self.pending is None
        self.pending = number
        if not (self.deferring and first):
            self.stop()
        # Printing could come in the middle of another print.
        os.write(2, b"\nStopping after this step. Once more to stop at once.\n")
