"""CSV files that spreadsheets open without running a cell, and their way back."""

from __future__ import annotations

import csv
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ltzoo.files import atomic_write
from ltzoo.printable import printable

_RUN = tuple("=+-@＝＋－＠\t\r\n")
_MARK = "'"
_MAX_BYTES = 2_000_000_000
_MAX_CELL = 40_000


class Exact(float):
    """A number that is written with nine significant digits, enough for the logarithm of a probability."""


def safe_cell(text: object) -> str:
    """Return text for a cell: control characters as escapes, and an apostrophe before what spreadsheets calculate.

    Excel, LibreOffice and others run cells that start with =, +, - or @, also names of files and classes. Text that
    starts with an apostrophe gets another one, so `plain_text` gives the same text back.
    """
    shown = printable(text)
    return _MARK + shown if shown.lstrip(" ").startswith((*_RUN, _MARK)) else shown


def plain_text(cell: str) -> str:
    """Return the text of a cell that `safe_cell` made."""
    return cell[1:] if cell.startswith(_MARK) else cell


def write_rows(path: str | os.PathLike, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file in UTF-8, whole or not at all.

    Args:
        path: the file.
        header: names of the columns.
        rows: cells: text, integers, floats (six significant digits, nine of an
            `Exact`; NaN becomes an empty cell) and None (empty).
    """
    with atomic_write(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([_cell(value) for value in row] for row in rows)


def read_rows(path: str | os.PathLike, header: Sequence[str]) -> Iterator[list[str]]:
    """Yield the rows of a CSV file from `write_rows`, as text, without its header.

    Args:
        path: a regular file in UTF-8, of at most 2 GB.
        header: names that the columns must have; further columns are left out.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is larger, no CSV file, or has other columns; or a row has another number of cells.
    """
    path = Path(path)
    status = path.stat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_BYTES:
        raise ValueError(f"`path` must be a regular file of at most 2 GB. Received: path={str(path)!r}")
    with open(path, newline="", encoding="utf-8") as file:
        try:
            rows = csv.reader(file, strict=True)
            found = next(rows, [])
            if found[: len(header)] != list(header):
                shown = printable(", ".join(found)[:200])
                raise ValueError(f"`path` must have the columns {', '.join(header)}. Received: {shown}")
            for row in rows:
                if len(row) != len(found) or any(len(cell) > _MAX_CELL for cell in row):
                    raise ValueError(
                        f"`path` must have {len(found)} cells in each row. Received: {len(row)} in row {rows.line_num}"
                    )
                yield row[: len(header)]
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(f"`path` must be a CSV file in UTF-8: {error}. Received: {path}") from error


def _cell(value):
    if value is None or value != value:
        return ""
    if isinstance(value, str):
        return safe_cell(value)
    if isinstance(value, Exact):
        return f"{float(value):.9g}"
    return f"{value:.6g}" if isinstance(value, float) else value
