"""Checks of the arguments that the ways to make a dataset share. Each raises an error that names the argument."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ltzoo.checks import Range, is_integer, received, refuse
from ltzoo.data.image_fit import AUTO, FITS

LARGEST_SIDE = 16_384
LARGEST_SEED = 2**32 - 1  # Of NumPy's generators.
_SIDES = Range("Side", True, 1, LARGEST_SIDE)


def folder_path(value: Any, argument: str) -> Path:
    """Return a path with `~` expanded.

    Raises:
        TypeError: it is neither a string nor a path.
        ValueError: it is empty, or names the home folder of an unknown user.
    """
    if isinstance(value, (bytes, bytearray)) or not isinstance(value, (str, os.PathLike)):
        raise TypeError(f"`{argument}` must be a path, such as 'photos/'. {received(argument, value)}")
    text = os.fspath(value)
    if not isinstance(text, str) or not text or "\0" in text:
        raise ValueError(f"`{argument}` must be a path, such as 'photos/'. {received(argument, value)}")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ValueError(f"`{argument}` cannot be expanded: {error}. {received(argument, value)}") from error


def image_size(value: Any, argument: str = "image_size") -> tuple[int, int]:
    """Return `(height, width)` as Python integers.

    Raises:
        ValueError: it is not two integers from 1 to 16,384.
    """
    if (
        isinstance(value, (tuple, list, np.ndarray))
        and len(value) == 2
        and all(side in _SIDES for side in value)
    ):
        return int(value[0]), int(value[1])
    refuse(argument, f"(height, width), two integers from 1 to {LARGEST_SIDE}, such as (224, 224)", value)


def channels(value: Any) -> int:
    """Return the number of channels.

    Raises:
        ValueError: it is neither 3 nor 1.
    """
    if not is_integer(value) or value not in (1, 3):
        refuse("channels", "3 (RGB) or 1 (gray)", value)
    return int(value)


def resize(value: Any, size: tuple[int, int]) -> int | None:
    """Return the length of the shorter side before the center crop, or None.

    Raises:
        ValueError: it is not an integer of at least the larger side of `size`.
    """
    if value is None:
        return None
    if not is_integer(value) or not max(size) <= value <= LARGEST_SIDE:
        right = f"None or an integer from {max(size)}, the larger side of `image_size`, to {LARGEST_SIDE}"
        refuse("resize", right, value)
    return int(value)


def fit(value: Any, resize: int | None = None, *, auto: bool = False) -> str:
    """Return how images of any shape become `image_size`: one of `ltzoo.data.image_fit.FITS`.

    Args:
        value: the argument.
        resize: length of the shorter side before the center crop, which "crop" alone has.
        auto: also accept "auto".

    Raises:
        ValueError: it is none of them, or not "crop" although `resize` is given.
    """
    known = (*FITS, AUTO) if auto else FITS
    if not isinstance(value, str) or value not in known:
        refuse("fit", f"one of {', '.join(map(repr, known))}", value)
    if resize is not None and value not in ("crop", AUTO):
        raise ValueError(
            f"`resize` must be None unless `fit` is 'crop'. Received: resize={resize}, fit={value!r}"
        )
    return value


def text(value: Any, argument: str) -> str:
    """Return a string that is not empty.

    Raises:
        TypeError: it is not a string.
        ValueError: it is empty.
    """
    if not isinstance(value, str):
        raise TypeError(f"`{argument}` must be a string. {received(argument, value)}")
    if not value:
        raise ValueError(f"`{argument}` must not be empty. {received(argument, value)}")
    return value


def class_names(value: Any) -> list[str]:
    """Return the names of the classes as strings.

    Raises:
        TypeError: it is a single string, or no sequence.
        ValueError: a name is empty or not valid Unicode, or names repeat.
    """
    if isinstance(value, (str, bytes)) or not isinstance(value, (Sequence, np.ndarray)):
        raise TypeError(
            "`class_names` must be a list with one name per class, such as ['cat', 'dog']. "
            f"{received('class_names', value)}"
        )
    names = [str(entry) for entry in value]
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"`class_names` must be unique. Received: {name!r} more than once")
        if not name.strip():
            raise ValueError(f"`class_names` must not hold an empty name. Received: {name!r}")
        try:
            name.encode("utf-8")
        except UnicodeEncodeError as error:
            raise ValueError(
                f"`class_names` must be valid Unicode; rename the class or its folder. Received: {name!r}"
            ) from error
        seen.add(name)
    return names
