"""The images that a table lists, for an audit: nothing in it is refused that the audit can report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ltzoo.data import arguments, table_values
from ltzoo.data.auditing.images import SPLITS, ImageList
from ltzoo.data.folders import LeftOut
from ltzoo.data.listed_paths import locate_from, locate_in
from ltzoo.data.table_columns import Table, read_table


def list_table(
    table: Any,
    *,
    image: str = "path",
    label: str = "label",
    split: str | None = None,
    image_root: str | os.PathLike | None = None,
) -> ImageList:
    """Return the images of a table, with the arguments of `ltzoo.data.from_table`.

    Files may be missing, and classes may lack training images; the audit says so. Rows that repeat an image in the same
    split and class count once.

    Raises:
        FileNotFoundError: the table or `image_root` is missing, or none of the listed files exists.
        ImportError: a library to read Parquet is missing.
        TypeError: an argument is of a wrong type.
        ValueError: a column is missing, or a value is missing or wrong. The message names file and row.
    """
    roles = {"image": image, "label": label, "split": split}
    columns = {role: arguments.text(name, role) for role, name in roles.items() if name is not None}
    root = None if image_root is None else arguments.folder_path(image_root, "image_root")
    if root is not None and not root.is_dir():
        raise FileNotFoundError(
            "`image_root` must be the folder that the paths in the table start from. "
            f"Received: image_root={str(image_root)!r}, which is not a folder"
        )
    read = read_table(table, columns)
    labels, names = table_values.classes(read.columns[label], read.place, label)
    listed = table_values.paths(read.columns[image], read.place, image)
    start = root or Path("" if read.file is None else read.file.parent)
    located = [_locate(read, root, start, row, path) for row, path in enumerate(listed)]
    splits = np.zeros(len(listed), np.int8)
    if split is not None:
        for name, rows in table_values.splits(read.columns[split], read.place, split).items():
            splits[rows] = SPLITS.index(name)
    rows = _first_rows(located, splits, labels)
    _check_some_exist(read, start, listed, located, rows)
    return ImageList(
        start,
        [located[row] for row in rows],
        splits[rows],
        labels[rows],
        tuple(names),
        LeftOut(),
        [listed[row].replace("\\", "/") for row in rows],
    )


def _locate(table: Table, root: Path | None, start: Path, row: int, path: str) -> str:
    return locate_from(start, path) if root is None else locate_in(root, path, partial(table.place, row))


def _first_rows(located: Sequence[str], splits: np.ndarray, labels: np.ndarray) -> list[int]:
    seen: dict[tuple[str, int, int], int] = {}
    for row, (path, split, label) in enumerate(zip(located, splits.tolist(), labels.tolist(), strict=True)):
        seen.setdefault((os.path.normpath(path), split, label), row)
    return list(seen.values())


def _check_some_exist(
    table: Table, start: Path, listed: Sequence[str], located: Sequence[str], rows: Sequence[int]
) -> None:
    """Refuse a table without any image, whose paths start elsewhere."""
    if not any(os.path.exists(located[row]) for row in rows):
        raise FileNotFoundError(
            f"{table.place(rows[0])}: the images must be where the table says, from {start.absolute()}; give the "
            f"folder that the paths start from as `image_root`. Received: {listed[rows[0]]!r}, which is missing like "
            "all others"
        )
