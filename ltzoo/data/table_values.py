"""What the cells of a table mean: paths, names of classes and groups, and splits."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ltzoo.checks import did_you_mean, is_integer, is_number, shortened
from ltzoo.data import arguments
from ltzoo.data.class_spellings import folded
from ltzoo.data.split_names import split_role

Place = Callable[[int], str]

# Spellings of a missing value that pandas, R and spreadsheets write.
_MISSING = frozenset({"NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "NaT"})


def paths(values: Sequence[Any], place: Place, column: str) -> list[str]:
    """Return the paths of a column.

    Raises:
        ValueError: a value is missing or no path. The message names the row.
    """
    found = []
    for row, value in enumerate(values):
        _refuse_missing(value, place, row, column)
        path = os.fspath(value) if isinstance(value, os.PathLike) else value
        if not isinstance(path, str) or "\0" in path:
            raise ValueError(
                f"{place(row)}: the column {column!r} must hold the path of an image. Received: {shortened(value)}"
            )
        found.append(path.strip(" \t"))
    return found


def classes(
    values: Sequence[Any], place: Place, column: str, names: Sequence[str] | None = None
) -> tuple[np.ndarray, list[str]]:
    """Return the labels of a column and the names of the classes.

    A label is the name of its class, or a whole number. Without `names`, the classes are sorted: by number if all are
    whole numbers, else as texts. With `names` that hold no number, a column of whole numbers counts the names from 0.

    Args:
        values: the column, `[N]`.
        place: function of a row that returns where it is.
        column: its name.
        names: names of the classes in label order, or None.

    Returns:
        int64 labels `[N]`, and the names.

    Raises:
        ValueError: a value is missing, neither a text nor a whole number, or no class. The message names the row.
    """
    known = frozenset(names or ())
    texts = []
    for row, value in enumerate(values):
        if not (isinstance(value, str) and value.strip(" \t") in known):
            _refuse_missing(value, place, row, column, "if it is a class, give it in `class_names`")
        text = _label_text(value)
        if text is None:
            raise ValueError(
                f"{place(row)}: the column {column!r} must hold the name of a class, or a whole number. "
                f"Received: {shortened(value)}"
            )
        texts.append(text)
    if names is None:
        distinct = set(texts)
        whole = all(_whole(text) for text in distinct)
        names = sorted(distinct, key=lambda text: (int(text), text)) if whole else sorted(distinct)
        names = arguments.class_names(names)
    elif all(_whole(text) for text in texts) and not any(_whole(name) for name in names):
        return _numbers(texts, place, column, len(names)), list(names)
    index = {name: label for label, name in enumerate(names)}
    for row, text in enumerate(texts):
        if text not in index:
            alike = [name for name in names if folded(name) == folded(text)]
            hint = f" Did you mean {alike[0]!r}?" if alike else did_you_mean(text, names)
            raise ValueError(
                f"{place(row)}: the column {column!r} must hold one of the {len(names)} `class_names`.{hint} "
                f"Received: {shortened(text)}"
            )
    return np.asarray([index[text] for text in texts], np.int64), list(names)


def groups(values: Sequence[Any], place: Place, column: str) -> np.ndarray:
    """Return the number of each row's group, int64 `[N]`. Equal values are one group.

    Raises:
        ValueError: a value is missing. The message names the row.
    """
    texts = []
    for row, value in enumerate(values):
        _refuse_missing(
            value, place, row, column, "give an image that belongs to no other a group of its own"
        )
        text = _label_text(value)
        texts.append(str(value) if text is None else text)
    return np.unique(np.asarray(texts, object), return_inverse=True)[1].reshape(-1).astype(np.int64)


def splits(values: Sequence[Any], place: Place, column: str) -> dict[str, np.ndarray]:
    """Return the rows of "train" and, where there are some, of "val" and "test".

    Raises:
        ValueError: a value is missing or means no split, or there are no training images. The message names the row.
    """
    role_of: dict[Any, str | None] = {}
    roles = []
    for row, value in enumerate(values):
        _refuse_missing(value, place, row, column, "write train, val or test")
        text = str(value)
        role = role_of[text] if text in role_of else role_of.setdefault(text, split_role(text))
        if role is None:
            raise ValueError(
                f"{place(row)}: the column {column!r} must hold train, val or test, in any common spelling. "
                f"Received: {shortened(value)}"
            )
        roles.append(role)
    found = np.asarray(roles)
    if not (found == "train").any():
        raise ValueError(
            f"the column {column!r} must mark training images. Received: {', '.join(sorted(role_of))} without train"
        )
    return {role: np.flatnonzero(found == role) for role in ("train", "val", "test") if (found == role).any()}


def _refuse_missing(value: Any, place: Place, row: int, column: str, hint: str = "") -> None:
    if _is_missing(value):
        raise ValueError(
            f"{place(row)}: the column {column!r} must have a value in every row; fill it or remove the row"
            f"{f'; {hint}' if hint else ''}. Received: {shortened(value)}"
        )


def _is_missing(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip(" \t") or value.strip(" \t") in _MISSING
    try:
        return bool(value != value)  # NaN and NaT
    except (TypeError, ValueError):  # pandas.NA, and arrays.
        return not hasattr(value, "__len__")


def _label_text(value: Any) -> str | None:
    """Return a text or whole number as text, None for anything else."""
    if isinstance(value, str):
        return value.strip(" \t")
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if is_integer(value):
        return str(int(value))
    if is_number(value) and float(value).is_integer():
        return str(int(value))
    return None


def _whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def _numbers(texts: Sequence[str], place: Place, column: str, names: int) -> np.ndarray:
    for row, text in enumerate(texts):
        if int(text) >= names:
            raise ValueError(
                f"{place(row)}: the column {column!r} must hold one of the {names} `class_names`, or their numbers "
                f"0 to {names - 1}. Received: {text}"
            )
    return np.asarray([int(text) for text in texts], np.int64)
