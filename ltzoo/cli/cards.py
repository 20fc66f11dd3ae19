"""Model cards read without Keras, so that `ltzoo list` and `ltzoo info` answer at once."""

import difflib
import fnmatch
import json
from pathlib import Path

from ltzoo.cli.errors import UserError, mistake


def folder() -> Path:
    """The folder of cards and weights: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "weights"
    return inside if inside.is_dir() else package.parent / "weights"


def names(pattern: str = "*") -> list[str]:
    """Names of the zoo entries that match a glob pattern, sorted."""
    return sorted(fnmatch.filter((path.stem for path in folder().glob("*.json")), pattern))


def read(entry: str) -> dict:
    """The card of a zoo entry."""
    known = names()
    if entry not in known:
        close = difflib.get_close_matches(entry, known, n=1)
        hint = f" Did you mean {close[0]}?" if close else " 'ltzoo list' shows all entries."
        raise UserError(f"No zoo entry of that name.{hint} Received: {entry}")
    path = folder() / f"{entry}.json"
    with mistake(f"{path} cannot be read"):
        return json.loads(path.read_text(encoding="utf-8"))
