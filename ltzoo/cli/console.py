"""The consoles of the command."""

from rich.console import Console


def console() -> Console:
    """Return standard output as a console, new at each call, so that it follows a replaced `sys.stdout`."""
    return Console(highlight=False, markup=False)
