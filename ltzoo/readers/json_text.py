"""Read JSON that other people wrote: bounded in size, depth and numbers, without the traps of Python's reader."""

import json
import math
import os
import re
import stat
from collections.abc import Mapping
from numbers import Number
from pathlib import Path
from typing import Any

from ltzoo.checks import shortened

DOCUMENT_BYTES = 20_000_000
DEPTH = 16
BRACKETS = 200_000
VALUES = 200_000
_DIGITS = 20
# A string, also one that never ends, so that the search takes one pass.
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")


def read(path: str | os.PathLike, limit: int = DOCUMENT_BYTES) -> Any:
    """Return the content of a JSON file.

    Args:
        path: a regular file in UTF-8.
        limit: size in bytes that the file may have.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is too large, is no regular file, or holds no JSON within the limits of `parse`.
    """
    path = Path(path)
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError(f"`path` must be a regular file. Received: path={str(path)!r}")
    with path.open("rb") as file:
        return parse(file.read(limit + 1), limit)


def parse(text: str | bytes, limit: int = DOCUMENT_BYTES) -> Any:
    """Return the value of a JSON text.

    Stricter than `json.loads`: at most 16 levels of lists and objects, 200,000 of them, integers of at most 20
    characters, finite numbers only (no NaN, no 1e999), and no key twice in an object.

    Args:
        text: text, or its bytes in UTF-8.
        limit: number of bytes (of characters, in a `str`) that `text` may have.

    Raises:
        ValueError: `text` is not JSON, or exceeds a limit.
    """
    if len(text) > limit:
        raise ValueError(f"`text` must have at most {limit:,} bytes. Received: more than {limit:,} bytes")
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValueError(f"`text` must be UTF-8: {error}. Received: {shortened(text)}") from error
    _check_brackets(text)
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_int=_integer, parse_float=_real, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"`text` must be JSON: {error}. Received: {shortened(text)}") from error


def dumps(value: Any, **options: Any) -> str:
    """Return a value as JSON that UTF-8 can encode: letters stay letters, lone surrogates become escapes."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, **options)
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def check_plain(value: Any, what: str) -> None:
    """Check that a value consists of dicts with text keys, lists, tuples, text, finite numbers, booleans and None.

    Args:
        value: the value.
        what: its name in the error.

    Raises:
        ValueError: something else is in it, or it is deeper than `parse` allows, or more than 200,000 values.
    """
    waiting, seen = [(value, 1)], 0
    while waiting:
        entry, depth = waiting.pop()
        seen += 1
        if depth > DEPTH + 1 or seen > VALUES:
            raise ValueError(
                f"`{what}` must have at most {DEPTH} levels and {VALUES:,} values. Received: a larger one"
            )
        if isinstance(entry, Mapping):
            wrong = next((key for key in entry if not isinstance(key, str)), None)
            if wrong is not None:
                raise ValueError(f"`{what}` must have text as keys. Received: key {wrong!r}")
            waiting += [(inner, depth + 1) for inner in entry.values()]
        elif isinstance(entry, (list, tuple)):
            waiting += [(inner, depth + 1) for inner in entry]
        elif isinstance(entry, float) and not math.isfinite(entry):
            raise ValueError(f"`{what}` must have finite numbers. Received: {entry}")
        elif not (entry is None or isinstance(entry, (str, Number))):
            raise ValueError(
                f"`{what}` must consist of dicts, lists, text and numbers. Received: a {type(entry).__name__}"
            )


def _check_brackets(text):
    """Refuse depth before it is parsed: Python's reader recurses."""
    brackets = re.sub(r"[^\[\]{}]+", "", _STRING.sub("", text))
    if len(brackets) > 2 * BRACKETS:
        raise ValueError(f"`text` must have at most {BRACKETS:,} lists and objects. Received: more")
    depth = 0
    for bracket in brackets:
        depth += 1 if bracket in "[{" else -1
        if depth > DEPTH:
            raise ValueError(f"`text` must have at most {DEPTH} levels of lists and objects. Received: more")


def _object(pairs):
    made = dict(pairs)
    if len(made) < len(pairs):
        seen = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise ValueError(f"`text` must have each key once in an object. Received: {shortened(twice)} twice")
    return made


def _integer(digits):
    if len(digits) > _DIGITS:
        raise ValueError(
            f"`text` must have integers of at most {_DIGITS} characters. Received: {digits[:_DIGITS]}..."
        )
    return int(digits)


def _real(digits):
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"`text` must have finite numbers. Received: {shortened(digits)}")
    return number


def _constant(name):
    raise ValueError(f"`text` must have finite numbers. Received: {name}")
