"""The progress of reading a folder on stderr: one line that changes in a terminal, now and then a line elsewhere."""

import sys
import time

from ltzoo.cli.console import echo

_FIRST_SECONDS = 3.0  # What takes less is not worth a line.
_EVERY_SECONDS = 20.0
_REDRAW_SECONDS = 0.5


class ProgressLine:
    """A function of (done, total) that shows both, with the time that is left.

    Args:
        what: what is done, such as "checking images".
    """

    def __init__(self, what: str):
        self.what = what
        self.start = self.shown = time.monotonic()
        self.open = False

    def __call__(self, done: int, total: int) -> None:
        """Show the progress if it is time to."""
        now = time.monotonic()
        live = sys.stderr.isatty()
        wait = (_REDRAW_SECONDS if live else _EVERY_SECONDS) if self.shown > self.start else _FIRST_SECONDS
        if now - self.shown < wait or not done:
            return
        self.shown = now
        left = (now - self.start) * (total - done) / done
        text = f"{self.what}: {done:,} of {total:,}, about {_span(left)} left"
        if live:
            sys.stderr.write(f"\r{text}\033[K")
            sys.stderr.flush()
            self.open = True
        else:
            echo(text, err=True)

    def close(self) -> None:
        """Clear the line in a terminal."""
        if self.open:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()
            self.open = False


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"
