"""Where the images of a list or table are."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

_DRIVE = re.compile(r"[A-Za-z]:/")


def locate_all_in(root: Path, listed: Sequence[str], place: Callable[[int], str]) -> list[str]:
    """Return `locate_in` of each path; `place` takes its position.

    A million paths take a second where most have no backslash, no colon and no dots before a slash.
    """
    start = os.path.join(root, "")
    return [
        start + path
        if path[:1] != "/" and ".." not in path and ":" not in path and "\\" not in path
        else locate_in(root, path, partial(place, position))
        for position, path in enumerate(listed)
    ]


def locate_in(root: Path, listed: str, place: Callable[[], str]) -> str:
    """Return the path of a listed image, which must lie in `root`.

    Backslashes separate folders if no file has them in its name.

    Args:
        root: the folder that listed paths start from.
        listed: the path as it is listed.
        place: function that returns where it is listed, for error messages.

    Raises:
        ValueError: the path leaves `root`.
    """
    separated = _separated(root, listed)
    drive = _DRIVE.match(separated) is not None and os.sep == "/"
    if drive or os.path.isabs(separated) or ".." in separated.split("/"):
        inside = os.path.normpath(os.path.join(os.path.abspath(root), separated))
        roots = tuple(os.path.join(folder, "") for folder in (os.path.abspath(root), os.path.realpath(root)))
        if drive or not inside.startswith(roots):
            raise ValueError(
                f"{place()}: every path must lead to a file in `image_root`, {root}; list paths that "
                f"start from it, or pass a folder that holds all images. Received: {listed!r}"
            )
    return os.path.join(root, separated)


def locate_from(folder: Path | str, listed: str) -> str:
    """Return the path of a listed image: from `folder` if it is relative, as it is if it is absolute.

    Backslashes separate folders if no file has them in its name.
    """
    return os.path.join(folder, _separated(folder, listed))


def _separated(root: Path | str, listed: str) -> str:
    if "\\" in listed and os.sep == "/" and not os.path.lexists(os.path.join(root, listed)):
        return listed.replace("\\", "/")
    return listed
