"""Checks of the paths on a command line, before a framework is imported."""

from pathlib import Path

from ltzoo.cli.user_errors import UserError


def folder(option: str, text: str) -> Path:
    """Return the path of an existing folder."""
    path = Path(text).expanduser()
    if not path.is_dir():
        raise UserError(f"{option} must be an existing folder. Received: {text}")
    return path


def new(option: str, text: str, overwrite: bool = False) -> Path:
    """Return a path where something new can be written; its folder is created later if it is missing."""
    path = Path(text).expanduser()
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
