"""Options that say which images to test on: others than those of the data, or a share of them."""

import hashlib
import os
from pathlib import Path

import click

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
    return [str(path), _digest(path)]


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


def as_it_was(value: list[str]) -> str:
    """Return the path of the test images, which must be as they were when the option was given.

    Raises:
        UserError: they are missing, or others than before.
    """
    path, digest = value
    if not Path(path).exists():
        raise UserError(f"The test images must be where they were. Received: nothing at {path}")
    if _digest(Path(path)) != digest:
        raise UserError(
            "The test images must be as they were, so that results can be compared; restore them, or measure "
            f"the others with 'ltzoo evaluate RUN --test {path}'. Received: {path}, which was changed"
        )
    return path


def _digest(path: Path) -> str:
    """Return a digest of the content of a table, or of the names and lengths of the images in a folder."""
    from ltzoo.data.image_names import is_image

    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()[:32]
    digest = hashlib.sha256()
    for place, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(filter(is_image, names)):
            file = os.path.join(place, name)
            length = os.path.getsize(file) if os.path.exists(file) else -1
            digest.update(os.fsencode(os.path.relpath(file, path).replace(os.sep, "/")) + b"\0%d\0" % length)
    return digest.hexdigest()[:32]
