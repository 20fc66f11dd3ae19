"""Fetch files by address: https:// by this package, hf:// and kaggle:// by the libraries of those hubs."""

from __future__ import annotations

import hashlib
import os
import re
import urllib.parse
from pathlib import Path

from ltzoo import cache
from ltzoo.caller_warnings import warn_caller
from ltzoo.models import hashes
from ltzoo.models.weights_errors import UnreachableError, WeightsError
from ltzoo.printable import shown_address
from ltzoo.readers.card_schema import MAX_FILE_BYTES
from ltzoo.readers.json_text import DOCUMENT_BYTES
from ltzoo.readers.value_checks import is_file_name, is_sha256

_HUBS = ("hf", "kaggle")
_WEB = ("https", "http")


def is_address(text: str | os.PathLike) -> bool:
    """Return whether `text` is an address that `fetch` takes, not a path."""
    return isinstance(text, str) and text.partition("://")[0] in (*_HUBS, *_WEB) and "://" in text


def fetch(
    address: str,
    destination: str | os.PathLike | None = None,
    *,
    sha256: str | None = None,
    size: int | None = None,
    limit: int = MAX_FILE_BYTES,
) -> Path:
    """Fetch the file at an address, check it, and return its local path.

    Args:
        address: `https://HOST/PATH`, `hf://ORGANIZATION/REPOSITORY/PATH@REVISION` (default: the main branch) or
            `kaggle://OWNER/MODEL/FRAMEWORK/VARIATION/VERSION/PATH` (default: the newest version). An https address may
            end in `#sha256=...`, the hash of the file. `http://` requires a hash.
        destination: where to keep an https file; default a place in the user's cache. A file there is fetched again
            only if its hash is wrong. The hubs' libraries have their own caches.
        sha256: SHA-256 that the file must have, or None.
        size: size of the file in bytes, or None.
        limit: most bytes to fetch if `size` is None.

    Returns:
        the path of the file.

    Raises:
        WeightsError: there is no such file or no connection, or the file does not match `sha256` and `size`, or is
            larger than `limit`.
        ImportError: the hub's library is not installed; the message says how to install it.
    """
    scheme = address.partition("://")[0]
    if scheme in _HUBS:
        from ltzoo.models import hub_files

        return hub_files.fetch(address, sha256=sha256, size=size, limit=limit)
    address, sha256 = _web_address(address, sha256)
    destination = _place(address) if destination is None else Path(destination)
    if destination.is_file() and (sha256 is None or hashes.sha256(destination) == sha256):
        return destination
    from ltzoo.models.download import download

    return download(address, destination, sha256=sha256, size=size, limit=limit)


def fetch_card(address: str) -> Path:
    """Fetch the card at an address, and return its local path.

    A card at a web address is fetched again each time, unless the address has its hash, because its owner may change
    it. If the server cannot be reached, the copy of the last time is used, with a warning. The hubs' libraries do the
    same with their own caches.

    Raises:
        WeightsError: as `fetch`; a card has at most 20 MB.
        ImportError: the hub's library is not installed.
    """
    if address.partition("://")[0] in _HUBS:
        return fetch(address, limit=DOCUMENT_BYTES)
    bare, sha256 = _web_address(address, None)
    if sha256 is not None:
        return fetch(address, limit=DOCUMENT_BYTES)
    from ltzoo.models.download import download

    kept = _place(bare)
    try:
        return download(bare, kept, limit=DOCUMENT_BYTES, again=True)
    except UnreachableError as error:
        if not kept.is_file():
            raise
        warn_caller(f"{error}. The copy of {shown_address(bare)} in the cache is used")
        return kept


def _web_address(address, sha256):
    """Return a web address without its fragment, and the SHA-256 of the file, or None."""
    scheme = address.partition("://")[0]
    bare, _, fragment = address.partition("#")
    if sha256 is None and fragment.startswith("sha256="):
        sha256 = fragment.removeprefix("sha256=").lower()
        if not is_sha256(sha256):
            raise WeightsError(
                "`address` must end in #sha256= and 64 hexadecimal digits. "
                f"Received: address={shown_address(address)!r}, sha256={sha256[:80]!r}"
            )
    if scheme not in _WEB or (scheme == "http" and sha256 is None):
        raise WeightsError(
            "`address` must be https://, hf:// or kaggle://, or http:// with a SHA-256, since anybody on the way "
            f"could change the file. Received: address={shown_address(address)!r}"
        )
    return bare, sha256


def _place(address):
    """Return where the cache keeps the file of a web address: its own folder, and a name for every system."""
    try:
        path = urllib.parse.urlsplit(address).path
    except ValueError as error:
        raise WeightsError(
            f"`address` must be a valid address. Received: address={shown_address(address)!r}"
        ) from error
    name = re.sub(r"[^A-Za-z0-9._+-]", "_", re.split(r"[/\\]", urllib.parse.unquote(path))[-1]).lstrip("._-")
    name = name[-100:].lstrip("._-")  # The end has the suffix.
    place = hashlib.sha256(address.encode(errors="surrogatepass")).hexdigest()[:12]
    return (
        cache.folder()
        / "addresses"
        / place
        / (name if is_file_name(name) else f"file{name[-20:]}".rstrip("."))
    )
