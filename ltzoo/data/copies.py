"""Files with equal content: copies of an image under another name."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Sequence

_CHUNK = 1 << 20
_START = 1 << 16


def content_digest(path: str, most: int | None = None) -> bytes:
    """Return a digest of the content of a file.

    Args:
        path: the file.
        most: read so many bytes at most; None reads all.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    with open(path, "rb") as file:
        if most is not None:
            digest.update(file.read(most))
        else:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return digest.digest()


def first_contents(paths: Sequence[str]) -> list[str]:
    """Return for each path the first one whose file has the same content.

    Files of different length, or with different first 64 KiB, are not read further. Files that cannot be read are told
    apart by their paths.

    Args:
        paths: paths of files, `[N]`.
    """
    first = {path: path for path in paths}
    alike = [list(first)]
    for key in (os.path.getsize, lambda path: content_digest(path, _START), content_digest):
        alike = [same for group in alike for same in _grouped(group, key) if len(same) > 1]
    for group in alike:
        first.update(dict.fromkeys(group, group[0]))
    return [first[path] for path in paths]


def copies_of(paths: Sequence[str], others: Sequence[str]) -> dict[int, int]:
    """Return which files have the content of other files: their positions, each with that of the first such file.

    Args:
        paths, others: paths of files.
    """
    first = first_contents([*others, *paths])
    known: dict[str, int] = {}
    for position, key in enumerate(first[: len(others)]):
        known.setdefault(key, position)
    return {at: known[key] for at, key in enumerate(first[len(others) :]) if key in known}


def _grouped(paths, key) -> list[list[str]]:
    found = defaultdict(list)
    for path in paths:
        try:
            found[key(path)].append(path)
        except OSError:
            continue
    return list(found.values())
