"""Errors as the user sees them: one line and exit code 2 for a mistake, a traceback for a bug."""

import contextlib
import os
import re
import shlex
import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path

import click

from ltzoo.cli.console import echo
from ltzoo.printable import without_secrets

USER_MISTAKE = 2
FAILED = 1
INTERRUPTED = 130

_PACKAGE = str(Path(__file__).resolve().parents[1]) + os.sep


class UserError(click.ClickException):
    """A mistake by the user: one line on stderr, exit code 2."""

    exit_code = USER_MISTAKE

    def show(self, file=None):
        """Print the message on one line."""
        # A value of thousands of letters says no more than its first hundreds.
        short = re.sub(r"\S{400,}", lambda word: word[0][:397] + "...", fold(self.message))
        echo(f"Error: {short}", err=True)


class Failure(UserError):
    """A run that failed by itself: one line on stderr, exit code 1."""

    exit_code = FAILED


class Interrupted(click.ClickException):
    """Ctrl-C, or SIGTERM; the message says how to resume."""

    exit_code: int = INTERRUPTED

    @classmethod
    def of(cls, error: BaseException, command: str):
        """Return what to show for a `KeyboardInterrupt` or a `Terminated`, and the command that resumes."""
        terminated = isinstance(error, SystemExit)
        saved = getattr(error, "said", "") if terminated else "".join(map(str, error.args))
        what = "Terminated" if terminated else "Interrupted"
        shown = cls(f"{what}{f' and saved after {saved}' if saved else ''}. Resume with: {command}")
        if isinstance(error, SystemExit) and isinstance(error.code, int):
            shown.exit_code = error.code
        return shown

    def show(self, file=None):
        """Print the message on one line."""
        echo(fold(self.message), err=True)


class Commands(click.Group):
    """A group whose `main` turns every error into what the user should see.

    Mistakes print one line and exit with code 2: errors of the command line; `OSError` (a file is missing,
    unreadable or in the way); `ValueError` and `ImportError` raised by this package. An `ArithmeticError` of this
    package (a loss that is not finite) prints one line and exits with code 1. Everything else is a bug and keeps
    its traceback. LTZOO_DEBUG=1 always shows the traceback.
    """

    def main(self, args=None, prog_name=None, complete_var=None, standalone_mode=True, **extra):
        """Run a command and exit."""
        arguments = {"args": args, "prog_name": prog_name, "complete_var": complete_var, **extra}
        if not standalone_mode:
            return super().main(standalone_mode=False, **arguments)
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            try:
                code = super().main(standalone_mode=False, **arguments)
            except Exception as error:
                code = _report(error, sys.argv[1:] if args is None else list(args))
        sys.exit(code if isinstance(code, int) else 0)


def fold(message: object) -> str:
    """Join the lines of a message into one; addresses in it lose user name, password and query."""
    return without_secrets(" ".join(line.strip() for line in str(message).splitlines() if line.strip()))


@contextlib.contextmanager
def mistake(what: str):
    """Treat any failure in the block as the user's mistake; use it to read files that others wrote."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except Exception as error:
        reason = fold(error) or type(error).__name__
        raise UserError(f"{what}: {reason if len(reason) < 400 else reason[:397] + '...'}") from error


def _report(error: Exception, words: Sequence[str]) -> int:
    if isinstance(error, BrokenPipeError):
        sys.stderr.close()  # The reader has gone; Python would complain at exit.
        return FAILED
    if os.environ.get("LTZOO_DEBUG", "0") not in ("", "0"):
        traceback.print_exception(error)
        shown = _shown(error, words)
        return FAILED if shown is None else shown.exit_code
    shown = _shown(error, words)
    if shown is None:
        raise error
    shown.show()
    return shown.exit_code


def _shown(error: Exception, words: Sequence[str]) -> click.ClickException | None:
    """Return the exception to show instead of `error`, which these words caused, or None for a bug."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error
    if isinstance(error, click.UsageError):
        return _usage_error(error, words)
    if isinstance(error, click.ClickException):
        return error
    if isinstance(error, click.Abort):
        return Interrupted("Interrupted.")
    if isinstance(error, OSError):
        bare = error.filename is not None and "Received" not in str(error)
        return UserError(f"{error.strerror}. Received: {error.filename}" if bare else str(error))
    if isinstance(error, (ValueError, ImportError)) and _raised_here(error):
        return UserError(str(error))
    if isinstance(error, ArithmeticError) and _raised_here(error):
        return Failure(str(error))
    return None


def _usage_error(error: click.UsageError, words: Sequence[str]) -> UserError:
    """Return an error of the command line, with a hint at the help, and with what was received at its end."""
    message, said, received = error.format_message().partition(" Received: ")
    received = received.removesuffix(".") if said else _received(error, words)
    hint = f" Try '{error.ctx.command_path} --help'." if error.ctx is not None else ""
    return UserError(f"{message}{'' if message.endswith(('?', '.')) else '.'}{hint} Received: {received}")


def _received(error: click.UsageError, words: Sequence[str]) -> str:
    """Return the part of a command line that click refused, or else the whole."""
    parameter = getattr(error, "param", None)
    if parameter is not None and isinstance(error, click.MissingParameter):
        return f"no {parameter.opts[0] if isinstance(parameter, click.Option) else parameter.make_metavar(error.ctx)}"
    if isinstance(error, click.NoSuchOption):
        return error.option_name
    names = parameter.opts if isinstance(parameter, click.Option) else [getattr(error, "option_name", None)]
    for number in reversed(range(len(words))):
        option, equals, _ = words[number].partition("=")
        if option in names:
            return shlex.join(words[number : number + (1 if equals else 2)])
    return shlex.join(["ltzoo", *words])


def _raised_here(error: Exception) -> bool:
    """Return whether this package raised the error."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and os.path.realpath(frames[-1].filename).startswith(_PACKAGE)


def _show_warning(message, category, filename, lineno, file=None, line=None):
    if issubclass(category, UserWarning) and os.path.realpath(filename).startswith(_PACKAGE):
        echo(f"Warning: {fold(message)}", err=True)
