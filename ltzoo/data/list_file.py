"""Text files with one "path label" per line, as editors and shells of any system write them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ltzoo.data import arguments
from ltzoo.data.text_file import read_text

_LABEL = re.compile(r"[0-9]{1,18}")
_HINTS = (
    (re.compile(r".*[,;]\s*[0-9]+"), "separate path and label by a space, not by a comma"),
    (re.compile(r"\W*\w*(path|file|image|img)\w*\W+\w*(label|class|target)\w*\W*", re.I), "delete the heading"),
    (re.compile(r".*\s-[0-9]+"), "number the classes from 0"),
    (re.compile(r".*\s\+?\d+(\.0*)?"), "write the label with the digits 0 to 9 only"),
    (re.compile(r"[0-9]+\s+\S.*"), "put the label last"),
    (re.compile(r".*[/\\].*"), "end the line with the number of its class"),
)  # fmt: skip


class ListFile(NamedTuple):
    """The lines of a list.

    Attributes:
        file: the file.
        paths: paths as they are listed, `[N]`.
        labels: class indices, int64 `[N]`.
        lines: number of each line in the file, counted from 1, int64 `[N]`.
    """

    file: Path
    paths: list[str]
    labels: np.ndarray
    lines: np.ndarray

    def place(self, position: int) -> str:
        """Return the file and line of a position."""
        return f"{self.file}, line {int(self.lines[position])}"

    def position_of_largest(self) -> int:
        """Return the position of the largest label."""
        return int(self.labels.argmax())


def read_list_file(path: str | Path, argument: str = "path") -> ListFile:
    """Read a "path label" file.

    UTF-8, with or without a byte order mark, and UTF-16 and UTF-32 with one are read. Lines end with a line feed, a
    carriage return or both, and nothing else. Spaces and tabs around paths and labels do not count. Empty lines are
    ignored.

    Args:
        path: the file.
        argument: name of the argument for error messages.

    Raises:
        FileNotFoundError: the file is missing or not a regular file.
        ValueError: the file is empty, larger than 1 GiB or not such text, or a line is not "path label". The message
            names file and line.
    """
    file = arguments.folder_path(path, argument)
    if not file.is_file():
        kind = "a folder" if file.is_dir() else "no regular file" if file.exists() else "missing"
        raise FileNotFoundError(
            f'`{argument}` must be a list file with one "path label" per line. Received: {file}, which is {kind}'
        )
    paths, labels, lines = [], [], []
    for number, line in enumerate(re.split(r"\r\n|\n|\r", read_text(file, "list")), start=1):
        words = line.lstrip("\ufeff").strip(" \t")
        if words:
            # Almost all lines are such that this is enough: these files have up to a million.
            listed, _, digits = words.rpartition(" ")
            if listed and listed[0] not in "\"'" and listed[-1] not in ",; \t" and _LABEL.fullmatch(digits):
                label = int(digits)
            else:
                listed, label = _parse(words, f"{file}, line {number}", line)
            paths.append(listed)
            labels.append(label)
            lines.append(number)
    if not paths:
        raise ValueError(f'{file} must hold at least one "path label" line. Received: an empty file')
    return ListFile(file, paths, np.asarray(labels, np.int64), np.asarray(lines, np.int64))


def _parse(words: str, place: str, line: str) -> tuple[str, int]:
    parts = re.split(r"[ \t]+(?=[^ \t]*$)", words)
    if len(parts) == 2 and _LABEL.fullmatch(parts[1]):
        path = parts[0]
        if path[0] == path[-1] and path[0] in "\"'" and len(path) > 1:
            raise ValueError(f"{place}: paths must not be in quotes; remove them. Received: {line!r}")
        if path[-1] not in ",;":
            return path, int(parts[1])
    hint = next((f"; {hint}" for pattern, hint in _HINTS if pattern.fullmatch(words)), "")
    raise ValueError(
        f'{place}: every line must be "path label" with an integer label of at least 0 and at most 18 digits{hint}. '
        f"Received: {line[:200]!r}"
    )
