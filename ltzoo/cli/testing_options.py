"""Options that say which images to test on: others than those of the data, or a share of them."""

import os
from pathlib import Path

import click

from ltzoo.cli.given_files import with_digest
from ltzoo.cli.options import Number
from ltzoo.cli.table_options import is_table
from ltzoo.cli.user_errors import UserError

KEYS = ("test", "test_fraction")
MOST = 0.9


def _take(context, param, value):
    """Return the absolute path and the digest of what is in it, which both determine a run."""
    if not value:  # `Command` refuses an empty text.
        return value
    path = Path(value).expanduser()
    if not path.is_dir() and not (is_table(value) and path.is_file()):
        raise UserError(f"--test must be an existing folder or table. Received: {value}")
    path = path.resolve() if path.is_dir() else path.absolute()
    return with_digest(path)


def testing_options(command):
    """Add `--test`, which gives `test` as [path, digest], and `--test-fraction`."""
    options = (
        click.option(
            "--test",
            metavar="FOLDER|TABLE",
            callback=_take,
            help="Test on these images: a folder with one sub-folder per class, or for a table another table with the "
            "same columns. Copies of training images are left out.",
        ),
        click.option(
            "--test-fraction",
            type=Number(0, MOST),
            metavar="X",
            help="Share of each class of a folder or table to test on, chosen before the validation images; groups "
            "stay whole (default 0).",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


unseen_option = click.option(
    "--test",
    metavar="FOLDER|TABLE",
    help="Measure these images, as --data does, without those that the model was trained on.",
)
"""Gives `test` as it was written."""


def check_testing(given: dict) -> None:
    """Refuse test images that do not go with the folder or table that is `data`.

    Args:
        given: arguments of a command, with an absolute path as `data`.

    Raises:
        UserError: there are two sources of test images, they are those of `data`, or one is a folder and the other a
            table.
    """
    if "test" not in given:
        return
    test, data = given["test"][0], given["data"]
    if given.get("test_fraction"):
        raise UserError(
            f"--test-fraction does not apply: --test gives the test images. Received: {given['test_fraction']}"
        )
    if is_table(test) != is_table(data):
        kinds = ("table", "folder") if is_table(data) else ("folder", "table")
        raise UserError(f"--test must be a {kinds[0]}, as --data is. Received: the {kinds[1]} {test}")
    if os.path.realpath(test) == os.path.realpath(data):
        raise UserError(
            "--test must be another folder or table than --data; --test-fraction 0.2 tests on a share of its images. "
            f"Received: {test}"
        )
