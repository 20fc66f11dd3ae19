"""Cards that did not come with the package: files of this computer, and published ones."""

from __future__ import annotations

import os
from pathlib import Path

from ltzoo.models.addresses import fetch, is_address
from ltzoo.models.cards import Card
from ltzoo.models.weights_errors import WeightsError


def is_card_file(source: str | os.PathLike) -> bool:
    """Whether this is the path or the address of a card (`NAME.json`), as `push` returns it."""
    text = str(source)
    return (text.partition("@")[0] if is_address(text) else text).endswith(".json")


def read_card(source: str | os.PathLike) -> tuple[Card, Path]:
    """A card, and the folder that it lies in, where its weights may lie too.

    Args:
        source: the path or the address (hf://, kaggle://, https://) of a `NAME.json`.

    Raises:
        FileNotFoundError: no such file.
        WeightsError: it cannot be fetched, or it is no card.
    """
    path = fetch(str(source)) if is_address(source) else Path(source).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"No such card: {str(source)!r}")
    try:
        return Card.from_json(path.read_text(encoding="utf-8")), path.parent
    except (ValueError, KeyError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise WeightsError(f"{source} is not the card of a model: {type(error).__name__} {reason}") from error
