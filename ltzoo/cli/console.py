"""What the command prints: text that no name in it can turn into commands for the terminal."""

import sys
from collections.abc import Iterable

import click
from rich.console import Console

from ltzoo.cli.listeners import printed
from ltzoo.printable import printable


class _SafeConsole(Console):
    """A console that shows names as they are, without markup, emoji codes or control characters."""

    def print(self, *objects, **options):
        """Print, and tell those who watch for silence."""
        super().print(*objects, **options)
        printed()

    def render_str(self, text, **options):
        """Return a text as rich renders it."""
        return super().render_str(encodable(printable(text, keep="\n"), self.encoding), **options)


def console(err: bool = False) -> Console:
    """Return standard output as a console, new at each call, so that it follows a replaced `sys.stdout`.

    Args:
        err: return standard error instead.
    """
    return _SafeConsole(highlight=False, markup=False, emoji=False, stderr=err)


def echo(text: object, err: bool = False) -> None:
    """Print one line; control characters, line feeds too, are shown as escapes.

    Args:
        text: the line.
        err: print to stderr.
    """
    stream = sys.stderr if err else sys.stdout
    click.echo(encodable(printable(text), getattr(stream, "encoding", None)), err=err)
    printed()


def encodable(text: str, encoding: str | None) -> str:
    r"""Return a text that a stream of this encoding takes; other characters become `\u4e2d` or `\xe9`."""
    encoding = encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def print_alarms(alarms: Iterable[object]) -> None:
    """Print one line per alarm."""
    for alarm in alarms:
        console().print(f"Alarm: {alarm}", soft_wrap=True)
