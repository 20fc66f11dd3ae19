"""The consoles of the command."""

from collections.abc import Iterable

from rich.console import Console


def console() -> Console:
    """Return standard output as a console, new at each call, so that it follows a replaced `sys.stdout`."""
    return Console(highlight=False, markup=False)


def print_alarms(alarms: Iterable[object]) -> None:
    """Print each alarm on a line of its own."""
    for alarm in alarms:
        console().print(f"Alarm: {alarm}", soft_wrap=True)
