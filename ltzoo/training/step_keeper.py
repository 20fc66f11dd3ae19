"""Save a training within its epochs: from time to time, and when it is interrupted."""

from __future__ import annotations

import time
from collections.abc import Callable

from ltzoo.interrupts import Interruption

# Saving takes at most this share of the time.
_LARGEST_SHARE = 0.05


class StepKeeper:
    """Decide after which steps of an epoch the state is saved.

    That is after the first step that ends `seconds` after the last save, after the step in which the process was
    interrupted, and before held-out images are measured if that would take too long. Where a save takes long, the time
    between two of them grows, so that saving takes at most 5 % of it.

    Args:
        save: saves the state after so many steps of the epoch.
        interruption: the signals that may wait.
        seconds: seconds between two saves.
        measures: whether held-out images are measured after every epoch.
        clock: returns seconds.
    """

    def __init__(
        self,
        save: Callable[[int], None],
        interruption: Interruption,
        seconds: float,
        measures: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.save, self.interruption, self.clock = save, interruption, clock
        self.seconds, self.measures = seconds, measures
        self.cost = 0.0
        # What the held-out images take is unknown at first.
        self.measuring = float("inf") if measures else 0.0
        self._last = clock()
        self._began = 0.0

    def after_step(self, done: int, steps: int) -> None:
        """Save if it is time, and stop if the process was interrupted.

        Args:
            done: steps of the epoch that are done.
            steps: its number of steps.

        Raises:
            KeyboardInterrupt, Terminated: the process was interrupted.
        """
        interrupted = self.interruption.pending is not None
        ahead = self.measuring if done == steps else 0.0
        waited = self.clock() - self._last
        if interrupted or waited + ahead >= max(self.seconds, self.cost / _LARGEST_SHARE):
            begun = self.clock()
            self.save(done)
            self._last = self.clock()
            self.cost = self._last - begun
        if interrupted:
            self.interruption.stop(f"step {done} of {steps}")

    def saved(self) -> None:
        """Note that the state was saved, at the end of an epoch."""
        self._last = self.clock()

    def measuring_begins(self) -> None:
        """Start to time the held-out images."""
        self._began = self.clock()

    def measuring_ends(self) -> None:
        """Note how long the held-out images took."""
        self.measuring = self.clock() - self._began
