"""Find the weights file of a card on this computer or at its address, and check it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ltzoo import cache, shipped
from ltzoo.models.addresses import fetch, is_address
from ltzoo.models.hashes import sha256
from ltzoo.models.weights_errors import NoWeightsError, WeightsError
from ltzoo.readers.value_checks import is_sha256

if TYPE_CHECKING:
    from ltzoo.models.cards import Card

PRETRAINED = "pretrained"
FOLDERS = "LTZOO_WEIGHTS"
SUFFIX = ".weights.h5"


def find_weights(
    card: Card, weights: str | os.PathLike = PRETRAINED, *, beside: str | os.PathLike | None = None
) -> Path:
    """Find the weights file of a zoo entry.

    With "pretrained", return the file from the first of these places that has it:

    1. the folders in the environment variable `LTZOO_WEIGHTS`, separated as in `PATH`,
    2. the files that ship with the package, or the folder `beside`,
    3. the user's cache (`ltzoo.cache.folder()`),
    4. the card's address, from where it is fetched into a cache.

    If the card has a SHA-256, the file must match it: a file in `LTZOO_WEIGHTS` or in the package that differs is an
    error, and a cached file that differs is fetched again. If the card has none, the file is not checked.

    Args:
        card: the card of the entry. `card.weights` is `{"file", "size", "sha256"}`, perhaps with `"url"`; if it is
            None, `NAME.weights.h5` is searched for.
        weights: "pretrained"; or the path or address (https://, hf://, kaggle://) of a `.weights.h5` file, which is not
            compared with the card.
        beside: the folder of a card from outside the package.

    Returns:
        the path of the weights file.

    Raises:
        NoWeightsError: there are no weights; the message says what to do.
        WeightsError: the weights differ from the card's; the message says what to do.
        FileNotFoundError: `weights` is a path and there is no such file.
        ImportError: the address needs a library that is not installed.
    """
    if isinstance(weights, str) and weights == PRETRAINED:
        return _pretrained(card, beside)
    if is_address(weights):
        return fetch(str(weights))
    return _given(card, weights)


def file_name(card: Card) -> str:
    """Return the file name of an entry's weights."""
    return Path((card.weights or {}).get("file") or f"{card.name}{SUFFIX}").name


def how_to_get(card: Card) -> str:
    """Return advice for users without weights of an entry, for an error message."""
    command = (card.training or {}).get("command") or f"ltzoo train {card.name} --out RUN"
    others = shipped.siblings_with_weights(card.name, dict(card.backbone), dict(card.dataset))[:3]
    known = f"Entries with weights, for the same network and data: {', '.join(others)}. " if others else ""
    return (
        f"{known}Train it ({command}) and load the run folder, convert the authors' file "
        f"(ltzoo convert FILE --entry {card.name}), or build it untrained with weights=None"
    )


def _given(card, weights):
    path = Path(weights).expanduser()
    if not path.is_file():
        raise FileNotFoundError(
            f"`weights` must be 'pretrained', None, an address or an existing {SUFFIX} file. "
            f"Received: weights={str(weights)!r}"
        )
    if not path.name.endswith(SUFFIX):
        raise WeightsError(
            f"`weights` must be a {SUFFIX} file; convert an authors' file with: "
            f"ltzoo convert {path} --entry {card.name}. Received: weights={str(weights)!r}"
        )
    return path


def _pretrained(card, beside):
    known = card.weights or {}
    beside = None if beside is None else Path(beside)
    name, wanted, address = file_name(card), known.get("sha256"), known.get("url")
    if wanted is not None and not is_sha256(wanted):  # It becomes part of a file name.
        raise WeightsError(
            f"`weights.sha256` of {card.name} must be 64 hexadecimal digits in lower case. Received: {wanted!r}"
        )
    places = list(_folders(beside))
    for place, remedy in places:
        path = place / name
        if path.is_file():
            if place == beside and address is not None and wanted not in (None, sha256(path)):
                continue  # A damaged file in a hub's cache; it is fetched again from the address.
            _require(path, card, wanted, remedy)
            return path
    # The cache may hold several versions of an entry, so the hash is in the file name.
    stem = name.removesuffix(SUFFIX)
    cached = cache.folder() / "weights" / (f"{stem}-{wanted[:12]}{SUFFIX}" if wanted else name)
    if cached.is_file():
        if wanted is None or sha256(cached) == wanted:
            return cached
        if address is None:
            _require(cached, card, wanted, "Delete it")
    if address is None:
        searched = ", ".join(str(place) for place in [*(place for place, _ in places), cached.parent])
        raise NoWeightsError(
            f"No weights of {card.name} were found: {name} is not in {searched}, and the card has no address. "
            f"{how_to_get(card)}. Received: weights='pretrained'"
        )
    try:
        return fetch(address, cached, sha256=wanted, size=known.get("size"))
    except WeightsError as error:
        raise WeightsError(
            f"The weights of {card.name} could not be fetched: {error}. {how_to_get(card)}"
        ) from error


def _folders(beside) -> Iterator[tuple[Path, str]]:
    """Yield the folders to search before the cache, each with the remedy for a wrong file there."""
    for entry in os.environ.get(FOLDERS, "").split(os.pathsep):
        if entry.strip():
            yield Path(entry).expanduser(), f"Remove it from the folder in {FOLDERS}"
    if beside is None:
        yield shipped.folder(), "Install ltzoo again"
    else:
        yield beside, "Fetch it again"


def _require(path, card, wanted, remedy):
    found = sha256(path) if wanted else None
    if found != wanted:
        raise WeightsError(
            f"The weights file {path} does not match the card of {card.name}: damaged or changed. {remedy}, pass "
            "its path as `weights` to use it anyway, or pass weights=None. "
            f"Received: SHA-256 {found}, expected {wanted}"
        )
