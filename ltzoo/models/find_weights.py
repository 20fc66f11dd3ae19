"""From a card to a weights file on this computer, checked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ltzoo import cache, shipped
from ltzoo.models.addresses import fetch, is_address
from ltzoo.models.hashes import sha256
from ltzoo.models.weights_errors import NoWeightsError, WeightsError

if TYPE_CHECKING:
    from ltzoo.models.cards import Card

PRETRAINED = "pretrained"
FOLDERS = "LTZOO_WEIGHTS"
SUFFIX = ".weights.h5"


def find_weights(
    card: Card, weights: str | os.PathLike = PRETRAINED, *, beside: str | os.PathLike | None = None
) -> Path:
    """The weights file of a zoo entry.

    With "pretrained" the first of these that has the card's file:

    1. the folders in the environment variable `LTZOO_WEIGHTS` (several are separated as in `PATH`),
    2. the files that came with the package, or the folder `beside`,
    3. the user's cache (`ltzoo.cache.folder()`),
    4. the card's address, which fills a cache.

    Where the card has a SHA-256, the file has it too when this returns; a file in `LTZOO_WEIGHTS` or of the package
    that has another one is an error, a file in the cache is fetched again. Where the card has none, the file is
    used as it is.

    Args:
        card: the card of the entry; `card.weights` is `{"file", "size", "sha256", "url"}`, the last of which may be
            absent, or None where nobody has published weights (`NAME.weights.h5` is looked for then).
        weights: "pretrained"; or the path of a `.weights.h5` file, or an address (https://, hf://, kaggle://), which
            are used without comparing them with the card.
        beside: the folder of a card that is not of the package.

    Raises:
        NoWeightsError: there are none; says what to do.
        WeightsError: they are not those of the card; says what to do.
        FileNotFoundError: `weights` is a path and there is no such file.
        ImportError: the address needs a library that is not installed.
    """
    if isinstance(weights, str) and weights == PRETRAINED:
        return _pretrained(card, beside)
    if is_address(weights):
        return fetch(str(weights))
    return _given(card, weights)


def file_name(card: Card) -> str:
    """What the weights file of an entry is called."""
    return Path((card.weights or {}).get("file") or f"{card.name}{SUFFIX}").name


def how_to_get(card: Card) -> str:
    """What a user can do who has no weights of an entry, for the end of an error message."""
    command = (card.training or {}).get("command") or f"ltzoo train {card.name} --out RUN"
    others = shipped.siblings_with_weights(card.name, card.backbone, card.dataset)[:3]
    known = f"With weights, of the same network and data: {', '.join(others)}. " if others else ""
    return (
        f"{known}Train it ({command}) and load the run folder, convert the authors' file "
        f"(ltzoo convert FILE --entry {card.name}), or build it untrained with weights=None"
    )


def _given(card, weights):
    path = Path(weights).expanduser()
    if not path.is_file():
        raise FileNotFoundError(
            f"`weights` must be 'pretrained', None, an address or a {SUFFIX} file. "
            f"Received: weights={str(weights)!r}, not found"
        )
    if not path.name.endswith(SUFFIX):
        raise WeightsError(
            f"`weights` must be a {SUFFIX} file; the authors' files become one by: "
            f"ltzoo convert {path} --entry {card.name}. Received: weights={str(weights)!r}"
        )
    return path


def _pretrained(card, beside):
    known = card.weights or {}
    beside = None if beside is None else Path(beside)
    name, wanted, address = file_name(card), known.get("sha256"), known.get("url")
    places = list(_folders(beside))
    for place, remedy in places:
        path = place / name
        if path.is_file():
            if place == beside and address is not None and wanted not in (None, sha256(path)):
                continue  # The cache of a hub, damaged; the address gives it anew.
            _require(path, card, wanted, remedy)
            return path
    # Files of several versions of an entry lie side by side in the cache.
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
            f"No weights of {card.name}: there is no {name} in {searched}, and its card has no address. "
            f"{how_to_get(card)}. Received: weights='pretrained'"
        )
    try:
        return fetch(address, cached, sha256=wanted, size=known.get("size"))
    except WeightsError as error:
        raise WeightsError(
            f"The weights of {card.name} could not be fetched: {error}. {how_to_get(card)}"
        ) from error


def _folders(beside) -> Iterator[tuple[Path, str]]:
    """The folders to look in before the cache, and what to do about a wrong file there."""
    for entry in os.environ.get(FOLDERS, "").split(os.pathsep):
        if entry.strip():
            yield Path(entry).expanduser(), f"Take it out of the folder in {FOLDERS}"
    if beside is None:
        yield shipped.folder(), "Install ltzoo again"
    else:
        yield beside, "Get it again"


def _require(path, card, wanted, remedy):
    found = sha256(path) if wanted else None
    if found != wanted:
        raise WeightsError(
            f"The weights file {path} is not the one of the card of {card.name}: damaged or changed. {remedy}, pass "
            f"its path as `weights` to use it all the same, or pass weights=None. "
            f"Received: SHA-256 {found}, the card says {wanted}"
        )
