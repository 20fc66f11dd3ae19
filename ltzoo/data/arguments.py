"""Checks of the arguments that the ways to make a dataset share. Each raises an error that names the argument."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

LARGEST_SIDE = 16_384


def folder_path(value: Any, argument: str) -> Path:
    """Return a path with `~` expanded.

    Raises:
        TypeError: it is neither a string nor a path.
        ValueError: it is empty, or names the home folder of an unknown user.
    """
    if isinstance(value, (bytes, bytearray)) or not isinstance(value, (str, os.PathLike)):
        raise TypeError(f"`{argument}` must be a path, such as 'photos/'. Received: {argument}={value!r}")
    text = os.fspath(value)
    if not isinstance(text, str) or not text or "\0" in text:
        raise ValueError(f"`{argument}` must be a path, such as 'photos/'. Received: {argument}={value!r}")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ValueError(
            f"`{argument}` cannot be expanded: {error}. Received: {argument}={value!r}"
        ) from error


def image_size(value: Any, argument: str = "image_size") -> tuple[int, int]:
    """Return `(height, width)` as Python integers.

    Raises:
        ValueError: it is not two integers from 1 to 16,384.
    """
    if isinstance(value, (tuple, list, np.ndarray)) and len(value) == 2:
        height, width = value
        if all(is_integer(side) and 1 <= side <= LARGEST_SIDE for side in (height, width)):
            return int(height), int(width)
    raise ValueError(
        f"`{argument}` must be (height, width), two integers from 1 to {LARGEST_SIDE}, such as (224, 224). "
        f"Received: {argument}={value!r}"
    )


def channels(value: Any) -> int:
    """Return the number of channels.

    Raises:
        ValueError: it is neither 3 nor 1.
    """
    if not is_integer(value) or value not in (1, 3):
        raise ValueError(f"`channels` must be 3 (RGB) or 1 (gray). Received: channels={value!r}")
    return int(value)


def resize(value: Any, size: tuple[int, int]) -> int | None:
    """Return the length of the shorter side before the center crop, or None.

    Raises:
        ValueError: it is not an integer of at least the larger side of `size`.
    """
    if value is None:
        return None
    if not is_integer(value) or not max(size) <= value <= LARGEST_SIDE:
        raise ValueError(
            f"`resize` must be None or an integer from {max(size)}, the larger side of `image_size`, to "
            f"{LARGEST_SIDE}. Received: resize={value!r}"
        )
    return int(value)


def fraction(value: Any, argument: str) -> float:
    """Return a share of at least 0 and below 1.

    Raises:
        ValueError: it is not a number in that range.
    """
    if not is_number(value) or not 0 <= value < 1:
        raise ValueError(
            f"`{argument}` must be a number of at least 0 and below 1. Received: {argument}={value!r}"
        )
    return float(value)


def seed(value: Any, argument: str = "seed") -> int:
    """Return a seed.

    Raises:
        ValueError: it is not an integer from 0 to 2**32 - 1, which is what NumPy's generators take.
    """
    if not is_integer(value) or not 0 <= value < 2**32:
        raise ValueError(
            f"`{argument}` must be an integer from 0 to {2**32 - 1}. Received: {argument}={value!r}"
        )
    return int(value)


def flag(value: Any, argument: str) -> bool:
    """Return True or False.

    Raises:
        TypeError: it is neither.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"`{argument}` must be True or False. Received: {argument}={value!r}")
    return bool(value)


def text(value: Any, argument: str) -> str:
    """Return a string that is not empty.

    Raises:
        TypeError: it is not a string.
        ValueError: it is empty.
    """
    if not isinstance(value, str):
        raise TypeError(f"`{argument}` must be a string. Received: {argument}={value!r}")
    if not value:
        raise ValueError(f"`{argument}` must not be empty. Received: {argument}={value!r}")
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
            f"Received: class_names={value!r}"
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


def is_integer(value: Any) -> bool:
    """Return whether a value is an integer, of Python or NumPy, but no truth value."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_))


def is_number(value: Any) -> bool:
    """Return whether a value is a finite real number, of Python or NumPy, but no truth value."""
    return is_integer(value) or (isinstance(value, (float, np.floating)) and math.isfinite(value))
