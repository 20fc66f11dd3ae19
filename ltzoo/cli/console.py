"""The consoles of the command."""

from rich.console import Console


def console() -> Console:
    """Standard output; made anew for each use, so that it follows a replaced `sys.stdout`."""
    return Console(highlight=False, markup=False)
