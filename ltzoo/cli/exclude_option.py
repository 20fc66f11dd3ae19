"""The option that leaves listed images out of a folder or table."""

import hashlib
from pathlib import Path

import click

from ltzoo.cli.user_errors import UserError


def _take(context, param, value):
    """Return the absolute path of the list and the digest of its content, which both determine a run."""
    if not value:
        return value  # `Command` refuses an empty one.
    path = Path(value).expanduser().absolute()
    if not path.is_file():
        raise UserError(f"--exclude must be an existing CSV file with a column 'path'. Received: {value}")
    from ltzoo.data.exclusions import read_exclusions

    read_exclusions(path, "--exclude")
    return [str(path), _digest(path)]


def unchanged(value: list[str]) -> str:
    """Return the path of the list, which must be as it was when the option was given.

    Images that are held out are chosen among those that are left.

    Raises:
        UserError: the file is missing or has another content.
    """
    path, digest = value
    if not Path(path).is_file():
        raise UserError(f"The list of excluded images must be where it was. Received: no file {path}")
    if _digest(Path(path)) != digest:
        raise UserError(
            "The list of excluded images must be as it was, as validation images are chosen among the others; restore "
            f"it, or train again. Received: {path}, which was changed"
        )
    return path


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]


exclude_option = click.option(
    "--exclude",
    metavar="CSV",
    callback=_take,
    help="Leave out the images of a folder or table that this file lists, such as 'ltzoo check --write' makes it.",
)
"""Gives `exclude` as [path, digest]."""
