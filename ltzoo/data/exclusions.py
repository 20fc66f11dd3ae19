"""Lists of images to leave out of a dataset: CSV files with the columns path, reason and detail."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from ltzoo.caller_warnings import warn_caller
from ltzoo.checks import received
from ltzoo.data import arguments
from ltzoo.data.listed_paths import locate_from
from ltzoo.files import atomic_write

COLUMNS = ("path", "reason", "detail")
_LARGEST_BYTES = 1 << 28
_DELIMITERS = ",;\t"
# What spreadsheets take for a formula at the beginning of a cell; letters of full width too.
_FORMULA = re.compile("\\s*[=+\\-@|%'\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


class Exclusion(NamedTuple):
    """An image to leave out: its path from the folder of the dataset, and why."""

    path: str
    reason: str
    detail: str = ""


def write_exclusions(path: str | os.PathLike, exclusions: Iterable[Exclusion]) -> None:
    """Write a CSV file that `read_exclusions` and `--exclude` read, whole or not at all.

    No cell is a formula to a spreadsheet: a path that would begin like one gets `./` in front, another cell `'`.

    Args:
        path: the file; replaced if it exists.
        exclusions: one row per image.
    """
    text = io.StringIO(newline="")
    # Python 3.11 leaves a carriage return without quotes.
    usual, quoted = (
        csv.writer(text, lineterminator="\n", quoting=how) for how in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
    )
    usual.writerow(COLUMNS)
    for entry in exclusions:
        name = f"./{entry.path}" if _FORMULA.match(entry.path) else entry.path
        row = [name, *(f"'{cell}" if _FORMULA.match(cell) else cell for cell in entry[1:])]
        (quoted if any("\r" in cell for cell in row) else usual).writerow(row)
    with atomic_write(path) as temporary:
        # Names of files may be bytes that are no UTF-8; Python keeps these as surrogates.
        temporary.write_bytes(text.getvalue().encode("utf-8", "surrogateescape"))


def read_exclusions(path: str | os.PathLike, argument: str = "exclude") -> list[Exclusion]:
    """Read a CSV file with a column "path", and perhaps "reason" and "detail".

    Cells may be separated by commas, semicolons or tabs. The text is UTF-8, with or without a byte order mark. Other
    columns are ignored.

    Args:
        path: the file.
        argument: name of the argument for error messages.

    Raises:
        FileNotFoundError: the file is missing or not a regular file.
        ValueError: it is larger than 256 MiB, no such text, or has no column "path".
    """
    file = arguments.folder_path(path, argument)
    if not file.is_file():
        kind = "a folder" if file.is_dir() else "no regular file" if file.exists() else "missing"
        raise FileNotFoundError(
            f"`{argument}` must be a CSV file with a column 'path', as `ltzoo check --write` makes it. "
            f"Received: {file}, which is {kind}"
        )
    if file.stat().st_size > _LARGEST_BYTES:
        raise ValueError(
            f"`{argument}` must be a CSV file of at most 256 MiB. Received: {file.stat().st_size} bytes in {file}"
        )
    content = file.read_bytes().removeprefix(b"\xef\xbb\xbf")
    if b"\0" in content:
        raise ValueError(
            f"`{argument}` must be a CSV file in UTF-8; save it as that. Received: a zero byte in {file}"
        )
    return _parsed(content.decode("utf-8", "surrogateescape"), file, argument)


def _parsed(text: str, file: Path, argument: str) -> list[Exclusion]:
    heading = re.split(r"[\r\n]", text, maxsplit=1)[0]
    delimiter = max(_DELIMITERS, key=heading.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    except csv.Error as error:
        raise ValueError(f"`{argument}` must be a CSV file: {error}. Received: {file}") from error
    names = [name.strip().casefold() for name in rows[0]] if rows else []
    if "path" not in names:
        shown = ", ".join(repr(name[:40]) for name in names[:8]) or "nothing"
        raise ValueError(
            f"`{argument}` must have a column 'path' in its first row. Received: {shown} in {file}"
        )
    places = [names.index(name) if name in names else None for name in COLUMNS]
    table = (
        ["" if place is None or place >= len(row) else row[place] for place in places] for row in rows[1:]
    )
    return [Exclusion(*cells) for cells in table if cells[0].strip()]


class Excluded:
    """Images that a dataset leaves out.

    Args:
        given: path of a CSV file for `read_exclusions`; or a list of paths.
        root: folder that relative paths start from.

    Raises:
        FileNotFoundError, ValueError: see `read_exclusions`.
        TypeError: `given` is neither a path nor a list of paths.
    """

    def __init__(self, given: Any, root: str | os.PathLike):
        if isinstance(given, (str, os.PathLike)):
            self.source = str(given)
            listed = [entry.path for entry in read_exclusions(given)]
        else:
            self.source, listed = "`exclude`", _paths(given)
        self._root = os.path.abspath(root)
        self._listed = {self._place(locate_from(self._root, path)): path for path in listed}
        self._met: set[str] = set()

    def _place(self, path: str) -> str:
        """Return a listed path as the images of the dataset are found: from its folder, if links lead there."""
        place = os.path.normpath(path)
        if place.startswith(os.path.join(self._root, "")):
            return place
        folder, name = os.path.split(place)
        real, root = (
            os.path.join(os.path.realpath(folder), name),
            os.path.join(os.path.realpath(self._root), ""),
        )
        return os.path.join(self._root, real.removeprefix(root)) if real.startswith(root) else place

    def __call__(self, path: str | os.PathLike) -> bool:
        """Return whether an image is left out, and remember that it was met."""
        place = os.path.normpath(os.path.abspath(path))
        if place in self._listed:
            self._met.add(place)
            return True
        return False

    def from_folders(
        self, images: Mapping[str, Mapping[str, Sequence[str]]]
    ) -> dict[str, dict[str, list[str]]]:
        """Return paths by class and split without those left out, and warn of how many these are.

        Raises:
            ValueError: a class of the training split, or another split, loses all its images.
        """
        kept = {
            split: {name: [path for path in paths if not self(path)] for name, paths in classes.items()}
            for split, classes in images.items()
        }
        self.say()
        for split, classes in images.items():
            if any(classes.values()) and not any(kept[split].values()):
                self._refuse(f"images of the {split} split", f"all {sum(map(len, classes.values()))} of them")
        for name, paths in images.get("train", {}).items():
            if paths and not kept["train"][name]:
                self._refuse("a training image per class", f"all {len(paths)} of class {name!r}")
        return kept

    def kept(self, paths: Sequence[str | os.PathLike]) -> list[int]:
        """Return the positions of the paths that are not left out.

        Raises:
            ValueError: none is left.
        """
        kept = [position for position, path in enumerate(paths) if not self(path)]
        if len(paths) and not kept:
            self._refuse("images per split", f"all {len(paths)} images of one")
        return kept

    def say(self) -> None:
        """Warn of the number of images left out, and of listed paths that are no image of the dataset."""
        unknown = [path for place, path in self._listed.items() if place not in self._met]
        sentence = f"left out {len(self._met)} images listed in {self.source}"
        if unknown:
            sentence += (
                f"; {len(unknown)} of its {len(self._listed)} paths are no images of {self._root}, "
                f"such as {unknown[0]!r}"
            )
        warn_caller(sentence)

    def _refuse(self, wanted: str, excluded: str) -> NoReturn:
        raise ValueError(
            f"`exclude` must leave {wanted}; remove some of its lines. Received: {self.source}, which excludes "
            f"{excluded}"
        )


def _paths(given: Any) -> list[str]:
    right = isinstance(given, Iterable) and not isinstance(given, (bytes, bytearray, Mapping))
    entries: list[Any] = list(given) if right else [None]
    if not all(isinstance(entry, (str, os.PathLike)) for entry in entries):
        raise TypeError(
            f"`exclude` must be the path of a CSV file, or a list of paths. {received('exclude', given)}"
        )
    return [os.fspath(entry) for entry in entries]
