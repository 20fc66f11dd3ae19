"""Small text files of other people: a name per line, or a number per class name."""

from __future__ import annotations

import csv
import os
import stat
from pathlib import Path

from ltzoo.checks import shortened
from ltzoo.readers import json_text

MAX_BYTES = 20_000_000
MAX_NAME = 1000


def read_text(path: str | os.PathLike, limit: int = MAX_BYTES) -> str:
    """Return the text of a regular file in UTF-8 of at most `limit` bytes.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no regular file, larger, or no UTF-8.
    """
    path = Path(path)
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError(f"`path` must be a regular file. Received: path={str(path)!r}")
    with path.open("rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise ValueError(f"`path` must have at most {limit:,} bytes. Received: path={str(path)!r}, larger")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"`path` must be UTF-8: {error}. Received: path={str(path)!r}") from error


def read_names(path: str | os.PathLike) -> list[str]:
    """Return the names in a file with one per line; empty lines are left out.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no text, holds no name, a name twice, or one of more than 1,000 letters.
    """
    names = [line.strip() for line in read_text(path).splitlines() if line.strip()]
    twice = next((name for place, name in enumerate(names) if name in set(names[:place])), None)
    if not names or twice is not None or max(map(len, names)) > MAX_NAME:
        found = (
            "no name" if not names else "a very long name" if twice is None else f"{shortened(twice)} twice"
        )
        raise ValueError(
            f"`path` must hold one class name per line. Received: path={str(path)!r} with {found}"
        )
    return names


def read_numbers(path: str | os.PathLike) -> dict[str, float]:
    """Return a number per class name, in the order of the file: lines `name,number`, or a JSON object.

    A first line without a number is a header.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is neither, or a name is there twice.
    """
    if Path(path).suffix == ".json":
        found = json_text.read(path, MAX_BYTES)
        if not isinstance(found, dict) or not all(
            isinstance(value, (int, float)) and not isinstance(value, bool) for value in found.values()
        ):
            raise ValueError(f"`path` must be a JSON object of numbers. Received: path={str(path)!r}")
        return found
    rows = [row for row in csv.reader(read_text(path).splitlines()) if row]
    if rows and len(rows[0]) == 2 and _number(rows[0][1]) is None:
        rows = rows[1:]
    numbers: dict[str, float] = {}
    for row in rows:
        value = _number(row[1]) if len(row) == 2 else None
        name = row[0].strip()
        if value is None or name in numbers or not name or len(name) > MAX_NAME:
            raise ValueError(
                "`path` must have lines `class name,number`, each class once. "
                f"Received: path={str(path)!r} with {shortened(row)}"
            )
        numbers[name] = value
    if not numbers:
        raise ValueError(f"`path` must have lines `class name,number`. Received: path={str(path)!r}, empty")
    return numbers


def _number(text):
    try:
        value = float(text)
    except ValueError:
        return None
    if value != value or abs(value) == float("inf"):
        return None
    return int(value) if value.is_integer() else value
