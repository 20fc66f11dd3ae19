"""Checks of the paths on a command line, before a framework is imported."""

from pathlib import Path

from ltzoo.cli.user_errors import UserError
from ltzoo.files import is_special

# What training leaves in a run folder.
RUN_FILES = (
    "run.json",
    "result.json",
    "predictions.csv",
    "per_class.csv",
    "history.csv",
    "rebalance.json",
    "model.keras",
)


def folder(option: str, text: str) -> Path:
    """Return the path of an existing folder."""
    path = Path(text).expanduser()
    if not path.is_dir():
        raise UserError(f"{option} must be an existing folder. Received: {text}")
    return path


def new(option: str, text: str, overwrite: bool = False) -> Path:
    """Return a path where something new can be written; its folder is created later if it is missing."""
    path = Path(text).expanduser()
    if is_special(path):
        raise UserError(f"{option} must be a regular file, no device or pipe. Received: {text}")
    if path.exists() and not overwrite:
        raise UserError(f"{option} exists already; add --overwrite to replace it. Received: {text}")
    _check_parents(option, text, path)
    return path


def new_file(option: str, text: str, overwrite: bool = False) -> Path:
    """Return the path of a file to write, which is not a folder; see `new`."""
    path = Path(text).expanduser()
    if path.is_dir() or text.endswith(("/", "\\")):
        raise UserError(f"{option} must be a file. Received: the folder {text}")
    return new(option, text, overwrite)


def own_file(option: str, text: str, beginning: bytes, make_folder: bool = False) -> Path:
    """Return the path of a file to write, which replaces nothing but what the same option has written before.

    Args:
        option: name of the option.
        text: the path as it was given.
        beginning: first bytes of such files, in lower case.
        make_folder: whether a folder that is missing is made later.

    Raises:
        UserError: the path is that of a folder, of another file, or of the results of a run; or its folder is missing.
    """
    path = new_file(option, text, overwrite=True)
    if not make_folder:
        folder(f"The folder of {option}", str(path.parent))
    if path.is_file() and path.stat().st_size:
        with open(path, "rb") as file:
            found = file.read(len(beginning)).lower()
        if found != beginning:
            raise UserError(
                f"{option} must be a new file, or one that it wrote before, which is replaced. "
                f"Received: {text}, which holds something else"
            )
    if path.name in RUN_FILES and (path.parent / "run.json").is_file():
        raise UserError(f"{option} must be another file than those of a run. Received: {text}")
    return path


def json_beginning(key: str) -> bytes:
    """Return the first bytes of the JSON file of a command, whose first key is `key`."""
    return f'{{\n  "{key}":'.encode()


def new_folder(option: str, text: str) -> Path:
    """Return the path of a folder to write into, which is not a file."""
    path = Path(text).expanduser()
    if path.exists() and not path.is_dir():
        raise UserError(f"{option} must be a folder. Received: the file {text}")
    _check_parents(option, text, path)
    return path


def _check_parents(option, text, path):
    existing = next(parent for parent in path.absolute().parents if parent.exists())
    if not existing.is_dir():
        raise UserError(f"{option} must be inside a folder, and {existing} is a file. Received: {text}")
