"""Fetch files by address: https:// by this package, hf:// and kaggle:// by the libraries of those hubs."""

from __future__ import annotations

import hashlib
import os
import urllib.parse
from pathlib import Path, PurePosixPath

from ltzoo import cache
from ltzoo.models import hashes
from ltzoo.models.weights_errors import WeightsError

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

    Returns:
        the path of the file.

    Raises:
        WeightsError: there is no such file or no connection, or the file does not match `sha256` and `size`.
        ImportError: the hub's library is not installed; the message says how to install it.
    """
    scheme = address.partition("://")[0]
    if scheme in _HUBS:
        from ltzoo.models import hub_files

        return hub_files.fetch(address, sha256=sha256, size=size)
    address, _, fragment = address.partition("#")
    if sha256 is None and fragment.startswith("sha256="):
        sha256 = fragment.removeprefix("sha256=").lower()
    if scheme not in _WEB or (scheme == "http" and sha256 is None):
        raise WeightsError(
            "`address` must be https://, hf:// or kaggle://, or http:// with a SHA-256, since anybody on the way "
            f"could change the file. Received: address={address!r}"
        )
    if destination is None:
        name = PurePosixPath(urllib.parse.unquote(urllib.parse.urlsplit(address).path)).name or "file"
        place = hashlib.sha256(address.encode()).hexdigest()[:12]
        destination = cache.folder() / "addresses" / place / name
    destination = Path(destination)
    if destination.is_file() and (sha256 is None or hashes.sha256(destination) == sha256):
        return destination
    from ltzoo.models.download import download

    return download(address, destination, sha256=sha256, size=size)
