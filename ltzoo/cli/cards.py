"""Model cards read without Keras, so that `ltzoo list` and `ltzoo info` answer at once."""

import difflib
import json

from ltzoo import shipped
from ltzoo.cli.errors import UserError, mistake


def read(entry: str) -> dict:
    """The card of a zoo entry."""
    known = shipped.names()
    if entry not in known:
        close = difflib.get_close_matches(entry, known, n=1)
        hint = f" Did you mean {close[0]}?" if close else " 'ltzoo list' shows all entries."
        raise UserError(f"No zoo entry of that name.{hint} Received: {entry}")
    path = shipped.folder() / f"{entry}.json"
    with mistake(f"{path} cannot be read"):
        return json.loads(path.read_text(encoding="utf-8"))
