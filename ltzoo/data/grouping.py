"""Which images belong together, by their folders or file names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from ltzoo.caller_warnings import warn_caller
from ltzoo.checks import received

SYNTAX = "'folder:1' or 'regex:PATTERN'"
_RULE = re.compile(r"(folder|regex):(.*)", re.DOTALL)
_LEVEL = re.compile(r"-?[1-9][0-9]{0,2}")
_LONGEST_PATTERN = 1000


def is_rule(text: str) -> bool:
    """Return whether a text begins as a rule of `group_rule` does, rather than as the name of a column."""
    return _RULE.fullmatch(text) is not None


def group_rule(value: object, argument: str = "group_by") -> str:
    """Check how to group images.

    | Rule | Group of an image |
    | --- | --- |
    | `folder:1` | the first folder of its path; `folder:2` the second, `folder:-1` the one that holds the file |
    | `regex:PATTERN` | what the only group in parentheses matches in its path: a search, not a full match |

    Paths have `/` between folders. They start in the class folder, or are those of a table. Equal names are one group,
    whatever the class.

    Args:
        value: the rule.
        argument: its name for error messages.

    Raises:
        TypeError: it is no string.
        ValueError: it is no rule, or the pattern is no regular expression with one group in parentheses.
    """
    if not isinstance(value, str):
        raise TypeError(f"`{argument}` must be {SYNTAX}. {received(argument, value)}")
    kind, detail = found.groups() if (found := _RULE.fullmatch(value)) else ("", "")
    if kind == "folder" and _LEVEL.fullmatch(detail):
        return value
    if kind != "regex" or not 0 < len(detail) <= _LONGEST_PATTERN:
        raise ValueError(
            f"`{argument}` must be {SYNTAX}, with a folder counted from 1, or from the file with -1, or a pattern of "
            f"at most {_LONGEST_PATTERN} characters. {received(argument, value)}"
        )
    try:
        groups = re.compile(detail).groups
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(
            f"`{argument}` must hold a regular expression of Python: {error}. {received(argument, value)}"
        ) from error
    if groups != 1:
        raise ValueError(
            f"`{argument}` must have one group in parentheses, such as 'regex:(cam[0-9]+)_'; write others as (?:...). "
            f"{received(argument, value)}"
        )
    return value


def groups_of_paths(rule: str, paths: Mapping[str, Sequence[str]]) -> dict[str, np.ndarray]:
    """Return the number of each image's group, int64, by split. An image without a group is one of its own.

    Args:
        rule: what `group_rule` returned.
        paths: relative paths with `/` between folders, by split.

    Raises:
        ValueError: the rule gives no image a group.

    Warns:
        UserWarning: some images have no group.
    """
    names = {split: [group_of(rule, path) for path in own] for split, own in paths.items()}
    every = [name for own in names.values() for name in own]
    listed = [path for own in paths.values() for path in own]
    missing = [path for path, name in zip(listed, every, strict=True) if name is None]
    if missing and len(missing) == len(every):
        raise ValueError(
            f"the rule for groups must give some images a group; none of the {len(every)} paths has one, such as "
            f"{missing[0]!r}. Received: {rule!r}"
        )
    if missing:
        warn_caller(
            f"{len(missing)} of {len(every)} images have no group by {rule!r}; each is a group of its own, such as "
            f"{missing[0]!r}"
        )
    known = {name: number for number, name in enumerate(sorted({name for name in every if name is not None}))}
    free, numbers = len(known), {}
    for split, own in names.items():
        numbers[split] = np.empty(len(own), np.int64)
        for position, name in enumerate(own):
            numbers[split][position] = free if name is None else known[name]
            free += name is None
    return numbers


def group_of(rule: str, path: str) -> str | None:
    """Return the name of an image's group by a rule, or None if it has none."""
    kind, _, detail = rule.partition(":")
    if kind == "regex":
        match = re.search(detail, path)
        return match[1] if match else None
    folders = [part for part in path.split("/")[:-1] if part not in ("", ".")]
    at = int(detail) - 1 if int(detail) > 0 else len(folders) + int(detail)
    return folders[at] if 0 <= at < len(folders) else None
