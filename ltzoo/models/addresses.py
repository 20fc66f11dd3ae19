"""Files by address: https:// through this package, hf:// and kaggle:// through the libraries of those hubs."""

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
    """Whether this is an address that `fetch` takes, not a path."""
    return isinstance(text, str) and text.partition("://")[0] in (*_HUBS, *_WEB) and "://" in text


def fetch(
    address: str,
    destination: str | os.PathLike | None = None,
    *,
    sha256: str | None = None,
    size: int | None = None,
) -> Path:
    """The file at an address, on this computer and checked.

    Args:
        address: one of `https://HOST/PATH`, `hf://ORGANIZATION/REPOSITORY/PATH@REVISION` (without `@REVISION` the
            main branch) and `kaggle://OWNER/MODEL/FRAMEWORK/VARIATION/VERSION/PATH` (without a version the newest).
            `#sha256=...` at the end of an https address names the file's hash. `http://` needs a hash.
        destination: where an https file is kept; default a place of this address in the user's cache. What is kept
            there is not fetched again, unless its hash is wrong. The hubs' libraries have caches of their own.
        sha256: the hash that the file must have; None takes any.
        size: its size in bytes, or None.

    Raises:
        WeightsError: no such file, no connection, or another file than `sha256` and `size` say.
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
            "an address must be https://, hf:// or kaggle://, or http:// with a SHA-256, since anybody on the way "
            f"could change the file. Received: {address}"
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
