"""The files that `ltzoo check` writes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from ltzoo.cli import places
from ltzoo.cli.user_errors import UserError

PAGE = "check.html"
# First bytes of each file.
_BEGINNINGS = {
    "--out": b"<!doctype html>",
    "--write": b"path,reason,detail",
    "--json": places.json_beginning("root"),
}


class Targets(NamedTuple):
    """The page, the list of images to leave out and the JSON file; None for what is not written."""

    page: Path | None
    write: Path | None
    json: Path | None


def check_targets(path: str, out: str | None, write: str | None, json_path: str | None) -> Targets:
    """Check where files will be written, before anything slow begins.

    Args:
        path: what is checked; no file may replace it.
        out: value of --out, a page or a folder for it.
        write: value of --write.
        json_path: value of --json; "-" writes no file.

    Raises:
        UserError: a file would be in the way of a folder, of another of the files, or of the images.
    """
    if out is not None and Path(out).suffix.lower() not in (".html", ".htm"):
        places.new_folder("--out", out)
        out = os.path.join(out, PAGE)
    targets = {"--out": out, "--write": write, "--json": None if json_path == "-" else json_path}
    taken = {_place(path): "the images"}
    found = []
    for option, target in targets.items():
        if target is None:
            found.append(None)
            continue
        found.append(places.own_file(option, target, _BEGINNINGS[option], make_folder=option == "--out"))
        before = taken.setdefault(_place(target), option)
        if before != option:
            raise UserError(f"{option} must be another file than {before}. Received: {target}")
    return Targets(*found)


def _place(path: str) -> str:
    return os.path.realpath(os.path.expanduser(path))
