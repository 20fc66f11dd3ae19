"""Model cards read without Keras, so that `ltzoo list` and `ltzoo info` answer at once."""

from ltzoo import shipped
from ltzoo.cli.user_errors import UserError, mistake
from ltzoo.registry import did_you_mean


def read(entry: str) -> dict:
    """Return the card of a zoo entry.

    Raises:
        UserError: there is no such entry, or its card cannot be read.
    """
    if entry not in shipped.names():
        hint = did_you_mean(entry, shipped.names())
        raise UserError(f"No zoo entry of that name.{hint} 'ltzoo list' shows all entries. Received: {entry}")
    with mistake(f"the card of {entry} cannot be read"):
        return shipped.read(entry)
