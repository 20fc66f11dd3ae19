"""Columns of a table: of a CSV or Parquet file, of a DataFrame, or of a dict."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ltzoo.checks import did_you_mean, received
from ltzoo.data import arguments
from ltzoo.data.text_file import read_text

DELIMITERS = (",", ";", "\t")
_PARQUET = b"PAR1"
_ZIP = b"PK\x03\x04"
_SEPARATOR_LINE = re.compile(r"sep=([,;\t])(?:\r\n|\n|\r)")  # Spreadsheets write and read this line.
_AS_LISTS = ("to_pylist", "to_list", "tolist")  # Of Arrow, of pandas and polars, of NumPy.


class Table(NamedTuple):
    """Some columns of a table.

    Attributes:
        file: the file, or None for a table in memory.
        columns: values by name of column, each `[N]`.
        lines: line of each row in a text file, counted from 1, int64 `[N]`; None elsewhere.
        argument: name of the argument that gave the table.
    """

    file: Path | None
    columns: dict[str, list[Any]]
    lines: np.ndarray | None = None
    argument: str = "table"

    def place(self, row: int) -> str:
        """Return the file and line of a row, or its number counted from 0."""
        where = f"`{self.argument}`" if self.file is None else str(self.file)
        if self.lines is None:
            return f"{where}, row {row} (counted from 0)"
        return f"{where}, line {int(self.lines[row])}"

    def start(self, row: int = 0) -> str | Path:
        """Return where the relative paths of a row start."""
        return "" if self.file is None else self.file.parent


class JoinedTables:
    """The rows of a table, and below them those of another one with the same columns.

    Args:
        first, second: tables.

    Attributes:
        file, columns: see `Table`; the file is that of the first table.
    """

    def __init__(self, first: Table, second: Table):
        self._tables = (first, second)
        self.size = len(next(iter(first.columns.values())))
        self.file = first.file
        self.columns = {name: values + second.columns[name] for name, values in first.columns.items()}

    def place(self, row: int) -> str:
        """Return the file and line of a row, or its number counted from 0."""
        return self._of(row).place(self._own(row))

    def start(self, row: int = 0) -> str | Path:
        """Return where the relative paths of a row start."""
        return self._of(row).start(self._own(row))

    def _of(self, row: int) -> Table:
        return self._tables[row >= self.size]

    def _own(self, row: int) -> int:
        return row - self.size if row >= self.size else row


def read_table(table: Any, columns: Mapping[str, str], argument: str = "table") -> Table:
    """Read columns of a table.

    A text file has a heading, and commas, semicolons or tabs between the values; of these the one that finds the
    columns in the heading is taken. `ltzoo.data.text_file.read_text` describes encodings. Values may be in double
    quotes. Spaces and tabs at the ends of values do not count, and empty lines are ignored. A file that begins as
    Parquet does is read by pyarrow, or by pandas and fastparquet.

    Args:
        table: path of the file, a DataFrame of pandas or polars, a table of Arrow, or a dict of columns.
        columns: name of the column by the argument that names it, for error messages.
        argument: name of the argument `table`, for error messages.

    Raises:
        FileNotFoundError: the file is missing or not a regular file.
        ImportError: a library to read Parquet is missing.
        TypeError: `table` is of a wrong type.
        ValueError: the file is no such table or has no rows, or a column is missing, there twice or of another length.
    """
    if isinstance(table, Mapping) or hasattr(table, "columns") or hasattr(table, "column_names"):
        return _of_frame(table, columns, argument)
    if isinstance(table, (bytes, bytearray)) or not (isinstance(table, str) or hasattr(table, "__fspath__")):
        raise TypeError(
            f"`{argument}` must be the path of a CSV or Parquet file, a DataFrame, or a dict of columns. "
            f"{received(argument, table)}"
        )
    file = arguments.folder_path(table, argument)
    if not file.is_file():
        kind = "a folder" if file.is_dir() else "no regular file" if file.exists() else "missing"
        raise FileNotFoundError(
            f"`{argument}` must be a CSV or Parquet file. Received: {file}, which is {kind}"
        )
    with file.open("rb") as opened:
        start = opened.read(4)
    if start == _ZIP:
        raise ValueError(f"{file} must be a CSV or Parquet file; save the sheet as CSV. Received: an archive")
    found = _of_parquet(file, columns) if start == _PARQUET else _of_text(file, columns)
    return _filled(found, columns)


def _of_frame(frame: Any, columns: Mapping[str, str], argument: str) -> Table:
    names = frame if isinstance(frame, Mapping) else getattr(frame, "column_names", None) or frame.columns
    _check_columns(f"`{argument}`", list(names), columns)
    found = {name: _listed(frame[name], name, argument) for name in columns.values()}
    return _filled(Table(None, found, argument=argument), columns)


def _listed(values: Any, name: str, argument: str = "table") -> list[Any]:
    for method in _AS_LISTS:
        if hasattr(values, method):
            return list(getattr(values, method)())
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Sequence):
        raise TypeError(
            f"`{argument}` must have one value per row in the column {name!r}. Received: {type(values).__name__}"
        )
    return list(values)


def _filled(table: Table, columns: Mapping[str, str]) -> Table:
    lengths = {name: len(values) for name, values in table.columns.items()}
    where = f"`{table.argument}`" if table.file is None else str(table.file)
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{where} must have columns of one length. Received: lengths {lengths}")
    if not all(lengths.values()):
        raise ValueError(
            f"{where} must have at least one row. Received: {', '.join(columns.values())} without any"
        )
    return table


def _check_columns(where: str, found: Sequence[Any], columns: Mapping[str, str]) -> None:
    names = list(found)
    for argument, name in columns.items():
        if names.count(name) > 1:
            raise ValueError(
                f"{where} must have one column {name!r}. Received: {names.count(name)} of that name"
            )
        if name not in names:
            alike = [other for other in names if str(other).strip().casefold() == name.casefold()]
            hint = f" Did you mean {alike[0]!r}?" if alike else did_you_mean(name, map(str, names))
            shown = ", ".join(map(repr, names[:12])) + (", ..." if len(names) > 12 else "")
            raise ValueError(
                f"`{argument}` must be the name of a column of {where}; the columns are {shown}.{hint} "
                f"Received: {argument}={name!r}"
            )


def _of_parquet(file: Path, columns: Mapping[str, str]) -> Table:
    wanted = list(dict.fromkeys(columns.values()))
    try:
        import pyarrow.parquet as parquet  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        try:
            import fastparquet  # noqa: F401  # pyright: ignore[reportMissingImports]
            import pandas  # pyright: ignore[reportMissingImports]
        except ImportError:
            raise ImportError(
                f"Parquet files need pyarrow: pip install pyarrow. Received: {file} ({error})"
            ) from error
        try:
            frame = pandas.read_parquet(file, engine="fastparquet")
        except Exception as problem:
            raise _damaged(file, problem) from problem
        _check_columns(str(file), list(frame.columns), columns)
        return Table(file, {name: _listed(frame[name], name) for name in wanted})
    try:
        names = parquet.read_schema(file).names
    except Exception as problem:
        raise _damaged(file, problem) from problem
    _check_columns(str(file), names, columns)
    try:
        read = parquet.ParquetFile(file).read(columns=wanted)
    except Exception as problem:
        raise _damaged(file, problem) from problem
    return Table(file, {name: _listed(read[name], name) for name in wanted})


def _damaged(file: Path, problem: Exception) -> ValueError:
    return ValueError(f"{file} must be a whole Parquet file. Received: {type(problem).__name__}: {problem}")


def _of_text(file: Path, columns: Mapping[str, str]) -> Table:
    text = read_text(file, "table").lstrip("\ufeff")
    marked = _SEPARATOR_LINE.match(text)
    start = marked.end() if marked else 0
    headings, problem = {}, None
    for delimiter in (marked[1],) if marked else DELIMITERS:
        try:
            headings[delimiter] = next(_records(file, text, start, delimiter), (0, []))[1]
        except ValueError as error:  # A quoted value that ends before another delimiter.
            problem = error
    if not headings and problem is not None:
        raise problem

    def fit(delimiter: str) -> tuple[int, int]:
        heading = headings[delimiter]
        return sum(name in heading for name in columns.values()), len(heading)

    delimiter = max(headings, key=fit)  # The first of equals.
    heading = headings[delimiter]
    if not heading:
        raise ValueError(f"{file} must have a heading and a row per image. Received: an empty file")
    _check_columns(str(file), heading, columns)
    positions = {name: heading.index(name) for name in columns.values()}
    found: dict[str, list[Any]] = {name: [] for name in positions}
    lines = []
    records = _records(file, text, start, delimiter)
    next(records)
    for line, values in records:
        if len(values) != len(heading):
            raise ValueError(
                f"{file}, line {line}: every row must have as many values as the heading, {len(heading)}; put values "
                f'that hold {delimiter!r} in "double quotes". Received: {len(values)} values'
            )
        for name, position in positions.items():
            found[name].append(values[position])
        lines.append(line)
    return Table(file, found, np.asarray(lines, np.int64))


def _records(file: Path, text: str, start: int, delimiter: str):
    """Yield the first line and the values of each record that is not empty."""
    buffer = io.StringIO(text, newline="")
    buffer.seek(start)
    before = 1 if start else 0
    reader = csv.reader(buffer, delimiter=delimiter, strict=True, skipinitialspace=delimiter != "\t")
    while True:
        line = before + reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ValueError(
                f"{file}, line {line}: every value must be plain, or in one pair of double quotes with quotes inside "
                f"it doubled. Received: {error}"
            ) from error
        values = [value.strip(" \t") for value in values]
        if any(values):
            yield line, values
