"""Image files below class folders: found once, in a fixed order, and what is left out counted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from ltzoo.data.image_names import is_image, is_system_entry, suffix, way_out

_BROKEN = "broken links"
_SPECIAL = "pipes, sockets or devices, which are never opened"
_READ_ALREADY = "links to folders that are read already"


class LeftOut:
    """Counts of the files that a dataset leaves out, for one line of summary."""

    def __init__(self) -> None:
        self._found: dict[str, list[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, path: str, reason: str) -> None:
        """Count a file or link under a reason."""
        self._found.setdefault(reason, []).append(path)

    def add_file(self, path: str) -> None:
        """Count a file that is no readable image under its suffix, if it looks like an image or holds some."""
        advice = way_out(path)
        if advice is not None:
            self.add(path, f"{suffix(path) or 'without suffix'} ({advice})")

    def items(self) -> list[tuple[str, list[str]]]:
        """Return the reasons with their paths, most frequent first."""
        return sorted(self._found.items(), key=lambda item: (-len(item[1]), item[0]))

    def summary(self) -> str:
        """Return the counts, most frequent first, each with one example."""
        return "; ".join(f"{len(paths)} {reason}, such as {paths[0]}" for reason, paths in self.items())

    def __len__(self) -> int:
        return sum(map(len, self._found.values()))


def list_folder(folder: str | Path) -> list[os.DirEntry[str]]:
    """Return the entries of a folder by name, without hidden and system entries.

    Raises:
        OSError: the folder cannot be read; the message names it.
    """
    try:
        with os.scandir(folder) as entries:
            return sorted(
                (entry for entry in entries if not is_system_entry(entry.name)), key=lambda entry: entry.name
            )
    except OSError as error:
        raise type(error)(
            f"cannot read the folder {folder}: {error.strerror or error}. Make it readable, or move it elsewhere"
        ) from error


def sub_folders(folder: str | Path) -> list[Path]:
    """Return the visible folders in a folder, by name; links to folders count."""
    return [Path(entry.path) for entry in list_folder(folder) if _kind(entry) == "folder"]


def holds_images(folder: str | Path, *, below: bool) -> bool:
    """Return whether a folder holds files that look like images.

    Args:
        folder: the folder.
        below: also search the folders in it, but follow no links.
    """
    folders = [str(folder)]
    while folders:
        for entry in list_folder(folders.pop()):
            kind = _kind(entry)
            if kind == "file" and (is_image(entry.name) or way_out(entry.path) is not None):
                return True
            if kind == "folder" and below and not entry.is_symlink():
                folders.append(entry.path)
    return False


def find_images(
    splits: Mapping[str, Mapping[str, Path]], left_out: LeftOut
) -> dict[str, dict[str, list[str]]]:
    """Return the image files of every class folder, searched recursively and sorted by path.

    Every folder is read once. Links to folders are followed after all real folders are read, so that a link into
    another class takes none of its images.

    Args:
        splits: class folders by class name, by split.
        left_out: counts what is left out.

    Returns:
        Paths by class name, by split.

    Raises:
        ValueError: two of the folders are the same.
        OSError: a folder cannot be read.
    """
    starts = [(split, name, folder) for split, classes in splits.items() for name, folder in classes.items()]
    seen = _identities([folder for _, _, folder in starts])
    found: dict[str, dict[str, list[str]]] = {split: {name: [] for name in splits[split]} for split in splits}
    waiting: list[tuple[list[str], str]] = []
    for split, name, folder in starts:
        images = found[split][name]
        waiting += [(images, link) for link in _read(str(folder), images, seen, left_out)]
    while waiting:
        images, link = waiting.pop(0)
        if _first_visit(link, seen):
            waiting += [(images, further) for further in _read(link, images, seen, left_out)]
        else:
            left_out.add(link, _READ_ALREADY)
    for classes in found.values():
        for images in classes.values():
            images.sort()
    return found


def _read(start: str, images: list[str], seen: set[tuple[int, int]], left_out: LeftOut) -> Iterator[str]:
    """Add the images below a folder to `images`; yield the links to folders."""
    folders = [start]
    while folders:
        for entry in list_folder(folders.pop()):
            kind = _kind(entry)
            if kind == "folder":
                if entry.is_symlink():
                    yield entry.path
                elif _first_visit(entry.path, seen):
                    folders.append(entry.path)
            elif kind == "file" and is_image(entry.name):
                images.append(entry.path)
            elif kind == "file":
                left_out.add_file(entry.path)
            elif kind == "broken" or is_image(entry.name):
                left_out.add(entry.path, _BROKEN if kind == "broken" else _SPECIAL)


def _kind(entry: os.DirEntry[str]) -> str:
    """Return "folder", "file", "broken" (a link to nothing, or to itself) or "special", behind any links."""
    try:
        if entry.is_dir():
            return "folder"
        if entry.is_file():
            return "file"
        entry.stat()
    except OSError:
        return "broken"
    return "special"


def _identities(folders: list[Path]) -> set[tuple[int, int]]:
    """Return what identifies the class folders, and the folders around them, which no link may lead back to."""
    known: dict[tuple[int, int], Path] = {}
    for folder in folders:
        identity = _identity(folder)
        if identity in known:
            raise ValueError(
                "each class must have its own folder, or the same images have two labels or are trained "
                f"on and tested. Received: {known[identity]} and {folder}, which are the same folder"
            )
        known[identity] = folder
    around = {parent for folder in folders for parent in folder.resolve().parents}
    return {*known, *map(_identity, around)}


def _first_visit(folder: str, seen: set[tuple[int, int]]) -> bool:
    identity = _identity(folder)
    if identity in seen:
        return False
    seen.add(identity)
    return True


def _identity(folder: str | Path) -> tuple[int, int]:
    status = os.stat(folder)
    return status.st_dev, status.st_ino
