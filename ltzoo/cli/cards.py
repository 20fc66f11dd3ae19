"""Model cards read without Keras, so that `ltzoo list` and `ltzoo info` answer at once."""

from ltzoo import shipped
from ltzoo.cli.user_errors import UserError, mistake


def read(entry: str) -> dict:
    """The card of a zoo entry."""
    if entry not in shipped.names():
        close = shipped.closest(entry)
        hint = f" Did you mean {close}?" if close else ""
        raise UserError(f"No zoo entry of that name.{hint} 'ltzoo list' shows all entries. Received: {entry}")
    with mistake(f"the card of {entry} cannot be read"):
        return shipped.read(entry)
