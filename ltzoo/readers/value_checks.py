"""Checks of single values in cards and run folders: names, file names, numbers in a range. Needs no Keras."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from ltzoo.checks import received
from ltzoo.printable import is_printable

MAX_LABEL = 500
MAX_TEXT = 20_000
MAX_ARGUMENTS = 100
MAX_ARGUMENT = 1_000_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,149}")
_SHA256 = re.compile("[0-9a-f]{64}")
_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|COM\d|LPT\d)(\..*)?", re.IGNORECASE)


def require(right: bool, field: str, wanted: str, value: Any) -> None:
    """Raise a ValueError that names the field, says what is right and ends with the value, unless it is right."""
    if not right:
        raise ValueError(f"`{field}` must be {wanted}. {received(field, value)}")


def is_file_name(text: Any) -> bool:
    """Return whether `text` is a plain file name on every system: letters, digits, `.`, `_`, `+` and `-`."""
    return (
        isinstance(text, str)
        and _NAME.fullmatch(text) is not None
        and _RESERVED.fullmatch(text) is None
        and not text.endswith(".")
    )


def is_sha256(value: Any) -> bool:
    """Return whether `value` is a SHA-256 as text: 64 hexadecimal digits in lower case."""
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def is_label(value: Any) -> bool:
    """Return whether `value` is a name to print: text of 1 to 500 characters without control characters."""
    return isinstance(value, str) and 1 <= len(value) <= MAX_LABEL and is_printable(value)


def is_integer(value: Any, least: int, most: int) -> bool:
    """Return whether `value` is an integer, not a boolean, within a range."""
    return type(value) is int and least <= value <= most


def is_number(value: Any, least: float, most: float) -> bool:
    """Return whether `value` is a finite number, not a boolean, within a range."""
    return type(value) in (int, float) and math.isfinite(value) and least <= value <= most


def is_named(value: Any) -> bool:
    """Return whether `value` is `{"name": ..., arguments}` of moderate size."""
    return (
        isinstance(value, Mapping)
        and len(value) <= MAX_ARGUMENTS
        and is_label(value.get("name"))
        and all(map(is_label, value))
        and all(map(_is_argument, value.values()))
    )


def _is_argument(value):
    if isinstance(value, (list, tuple)):
        return len(value) <= MAX_ARGUMENTS and all(map(_is_argument, value))
    if isinstance(value, Mapping):
        return (
            len(value) <= MAX_ARGUMENTS
            and all(map(is_label, value))
            and all(map(_is_argument, value.values()))
        )
    if isinstance(value, str):
        return len(value) <= MAX_LABEL and is_printable(value)
    return value is None or isinstance(value, bool) or is_number(value, -MAX_ARGUMENT, MAX_ARGUMENT)


def is_text(value: Any) -> bool:
    """Return whether `value` is text of at most 20,000 characters, without control characters but line feed and tab."""
    return (
        isinstance(value, str)
        and len(value) <= MAX_TEXT
        and is_printable(value.replace("\n", "").replace("\t", ""))
    )
