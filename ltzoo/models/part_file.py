"""A partly downloaded file: the bytes so far, and the version that the rest must belong to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ltzoo.files import atomic_write, put_in_place
from ltzoo.readers import json_text


class PartFile:
    """The bytes of `destination` received so far, in a hidden file next to it, kept between attempts and runs.

    Args:
        destination: path of the complete file.
    """

    def __init__(self, destination: Path):
        self.destination = destination
        self.path = destination.with_name(f".{destination.name}.part")
        self._note = destination.with_name(f".{destination.name}.part.json")

    @property
    def size(self) -> int:
        """The number of bytes received so far."""
        return self.path.stat().st_size if self.path.is_file() else 0

    @property
    def validator(self) -> str | None:
        """The server's mark of the version that the bytes belong to: a strong ETag or a date, for `If-Range`."""
        try:
            found = json_text.read(self._note, limit=10_000)["validator"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if isinstance(found, str) else None

    def start(self, validator: str | None) -> None:
        """Start again from zero bytes, with a version of the file that the server marks as `validator`."""
        self.discard()
        with atomic_write(self._note) as temporary:
            temporary.write_text(json.dumps({"validator": validator}), encoding="utf-8")
        self.path.touch()

    def discard(self) -> None:
        """Delete the bytes received so far."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def finish(self) -> None:
        """Move the complete file to `destination`."""
        put_in_place(self.path, self.destination)
        self._note.unlink(missing_ok=True)


def validator_of(headers: Mapping[str, str]) -> str | None:
    """Return the validator for `If-Range`: a weak ETag (`W/...`) does not promise the same bytes."""
    tag = headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified")
