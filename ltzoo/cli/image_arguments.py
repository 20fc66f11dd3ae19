"""The images that a command is given: files, folders, patterns, lists of paths, and standard input."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ltzoo.cli.user_errors import UserError, mistake

STANDARD_INPUT = "-"
_LISTS = (".txt", ".lst", ".list")
_PATTERN = "*?["
_LONGEST_LINE = 32_768


def check_images(arguments: Sequence[str]) -> None:
    """Refuse arguments that name nothing, before a framework is imported.

    Raises:
        UserError: a file or folder is missing, a folder holds no image, a pattern matches nothing, or standard input
            is named twice.
    """
    if list(arguments).count(STANDARD_INPUT) > 1:
        raise UserError("IMAGE must name standard input once. Received: - twice")
    for argument in arguments:
        path = Path(argument).expanduser()
        if path.is_dir():
            _check_folder(path, argument)
        if argument == STANDARD_INPUT or path.is_dir() or path.is_file():
            continue
        if path.exists():
            raise UserError(
                f"IMAGE must be a regular file or a folder. Received: {argument}, a pipe or device"
            )
        if not _is_pattern(argument):
            raise UserError(f"IMAGE must be an existing file or folder. Received: {argument}")
        if next(_matches(argument), None) is None:
            raise UserError(f"IMAGE must match at least one file. Received: {argument}")


def image_paths(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the path of every image that the arguments name, in order; folders are searched recursively.

    A file that ends in .txt, .lst or .list holds one path per line, relative to its folder. `-` reads such lines from
    standard input, relative to the current folder. In a folder, hidden files and files that are no images are left out.
    """
    for argument in arguments:
        path = Path(argument).expanduser()
        if argument == STANDARD_INPUT:
            yield from _lines(sys.stdin, "")
        elif path.exists() or not _is_pattern(argument):
            yield from _of_path(str(path))
        else:
            for match in _matches(argument):
                yield from _of_path(match)


def _of_path(path: str) -> Iterator[str]:
    from ltzoo.data.folders import LeftOut, find_images

    if os.path.isdir(path):
        yield from find_images({"all": {"all": Path(path)}}, LeftOut())["all"]["all"]
    elif path.lower().endswith(_LISTS):
        with mistake(f"{path} cannot be read"), open(path, encoding="utf-8-sig") as file:
            yield from _lines(file, os.path.dirname(path))
    else:
        yield path


def _lines(file, folder: str) -> Iterator[str]:
    while line := file.readline(_LONGEST_LINE):
        name = line.rstrip("\r\n")
        if name.strip():
            yield os.path.join(folder, os.path.expanduser(name))


def _check_folder(folder: Path, argument: str) -> None:
    from ltzoo.data.folders import holds_images

    if not holds_images(folder, below=True):
        raise UserError(f"IMAGE must be a folder with at least one image. Received: {argument}")


def _is_pattern(argument: str) -> bool:
    return any(letter in argument for letter in _PATTERN)


def _matches(argument: str) -> Iterator[str]:
    """Yield what a pattern matches, sorted; `**` matches folders of any depth."""
    yield from sorted(glob.iglob(os.path.expanduser(argument), recursive=True))
