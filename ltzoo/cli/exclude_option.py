"""The option that leaves listed images out of a folder or table."""

from pathlib import Path

import click

from ltzoo.cli.given_files import with_digest
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
    return with_digest(path)


exclude_option = click.option(
    "--exclude",
    metavar="CSV",
    callback=_take,
    help="Leave out the images of a folder or table that this file lists, such as 'ltzoo check --write' makes it.",
)
"""Gives `exclude` as [path, digest]."""
