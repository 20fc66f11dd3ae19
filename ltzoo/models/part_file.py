"""A file that is on its way: what has come so far, and what the rest must belong to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ltzoo.files import atomic_write, put_in_place


class PartFile:
    """The bytes of `destination` that have come so far, in a hidden file beside it, kept between tries and runs.

    Args:
        destination: what the file will be called when it is whole.
    """

    def __init__(self, destination: Path):
        self.destination = destination
        self.path = destination.with_name(f".{destination.name}.part")
        self._note = destination.with_name(f".{destination.name}.part.json")

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self.path.stat().st_size if self.path.is_file() else 0

    @property
    def validator(self) -> str | None:
        """What the server called the version that the bytes are of: a strong ETag or a date, for `If-Range`."""
        try:
            return json.loads(self._note.read_text(encoding="utf-8"))["validator"]
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def start(self, validator: str | None) -> None:
        """Begin anew, with a version of the file that the server calls `validator`."""
        self.discard()
        with atomic_write(self._note) as temporary:
            temporary.write_text(json.dumps({"validator": validator}), encoding="utf-8")
        self.path.touch()

    def discard(self) -> None:
        """Forget what has come."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def finish(self) -> None:
        """Give the whole file its name."""
        put_in_place(self.path, self.destination)
        self._note.unlink(missing_ok=True)


def validator_of(headers: Mapping[str, str]) -> str | None:
    """The validator that `If-Range` may use: a weak ETag (`W/...`) does not promise the same bytes."""
    tag = headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified")
