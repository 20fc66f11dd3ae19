"""Files and folders that determine a run: their digest when the option was given, and whether they still have it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ltzoo.cli.user_errors import UserError


def with_digest(path: Path) -> list[str]:
    """Return a path and its digest: of the content of a file, or of the names and lengths of the images in a folder."""
    return [str(path), _digest(path)]


def unchanged(value: list[str], what: str, why: str) -> str:
    """Return the path of what `with_digest` returned, if it has the same digest today.

    Args:
        value: path and digest.
        what: what it is, in the plural.
        why: why it must not change, and what to do; `{path}` stands for the path.

    Raises:
        UserError: it is missing, or changed.
    """
    path, digest = value
    if not os.path.exists(path):
        raise UserError(f"{what} must be where they were. Received: nothing at {path}")
    if _digest(Path(path)) != digest:
        raise UserError(
            f"{what} must be as they were, {why.format(path=path)}. Received: {path}, which was changed"
        )
    return path


def _digest(path: Path) -> str:
    from ltzoo.data.image_names import is_image

    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()[:32]
    digest = hashlib.sha256()
    for place, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(filter(is_image, names)):
            file = os.path.join(place, name)
            length = os.path.getsize(file) if os.path.exists(file) else -1
            digest.update(os.fsencode(os.path.relpath(file, path).replace(os.sep, "/")) + b"\0%d\0" % length)
    return digest.hexdigest()[:32]
