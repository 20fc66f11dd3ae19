"""Fetch files from the Hugging Face Hub and Kaggle Models with the hubs' own libraries."""

from __future__ import annotations

import contextlib
import importlib
import re
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from ltzoo.models import hashes
from ltzoo.models.weights_errors import WeightsError
from ltzoo.printable import is_printable, printable, shown_address, without_secrets
from ltzoo.readers.card_schema import MAX_FILE_BYTES


class HubAddress(NamedTuple):
    """The parts of `hf://ORGANIZATION/REPOSITORY/PATH@REVISION`.

    Attributes:
        repository: `ORGANIZATION/REPOSITORY`.
        path: path in the repository; may be empty.
        revision: branch, tag or commit; None for the main branch.
    """

    repository: str
    path: str
    revision: str | None


def parse_hf(address: str) -> HubAddress:
    """Split an `hf://` address; the revision may also follow the repository, as the hub writes it.

    Raises:
        WeightsError: the address has another form.
    """
    found = re.fullmatch(r"hf://([^/@]+)/([^/@]+)(?:@([^/]+))?(?:/([^@]*))?(?:@(.+))?", address)
    if found is None or (found[3] and found[5]):
        raise WeightsError(
            "`address` must be hf://ORGANIZATION/REPOSITORY/PATH@REVISION. "
            f"Received: address={shown_address(address)!r}"
        )
    _check_parts(address, f"{found[1]}/{found[2]}", (found[4] or "").strip("/"), found[3], found[5])
    return HubAddress(f"{found[1]}/{found[2]}", (found[4] or "").strip("/"), found[3] or found[5])


def _check_parts(address, *paths):
    """Refuse parts of an address that could lead out of a folder, or that no file has."""
    for path in paths:
        parts = path.split("/") if path else []
        if any(part in ("", ".", "..") or "\\" in part or not is_printable(part) for part in parts):
            raise WeightsError(
                "`address` must name a file by parts other than '.' and '..', without backslashes. "
                f"Received: address={shown_address(address)!r}"
            )


def fetch(
    address: str, *, sha256: str | None = None, size: int | None = None, limit: int = MAX_FILE_BYTES
) -> Path:
    """Fetch the file at an `hf://` or `kaggle://` address into the cache of that hub's library.

    A file with the wrong hash or size is fetched a second time, since the cache may be damaged.

    Args:
        address: the address.
        sha256: SHA-256 that the file must have, or None.
        size: size of the file in bytes, or None.
        limit: most bytes that the file may have if `size` is None. The Hugging Face Hub is asked before the download.

    Returns:
        the path of the file in the cache.

    Raises:
        WeightsError: the hub's library cannot fetch the file, or the file does not match `sha256` and `size`, or is
            larger than `limit`.
        ImportError: the hub's library is not installed.
    """
    get = _from_hugging_face if address.startswith("hf://") else _from_kaggle
    received, limit = "", limit if size is None else size
    for force in (False, True):
        path = get(address, force, sha256, limit)
        length = path.stat().st_size
        if size is None:
            _check_size(address, length, limit)
        found = hashes.sha256(path) if sha256 else None
        if found == sha256 and size in (None, length):
            return path
        received = f"{length:,} bytes" + (
            f" with SHA-256 {found}, expected {sha256}" if sha256 else f", expected {size:,}"
        )
    raise WeightsError(f"{shown_address(address)} is another file than expected. Received: {received}")


def _check_size(address, length, limit):
    if length > limit:
        raise WeightsError(
            f"{shown_address(address)} must have at most {limit:,} bytes. Received: {length:,} bytes"
        )


def require(library: str, extra: str) -> ModuleType:
    """Import an optional library, which the `extra` of this package installs.

    Raises:
        ImportError: the library is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module(library)
    except ModuleNotFoundError as error:
        raise ImportError(
            f'{library} is needed for {extra}:// addresses. Install it: pip install "ltzoo[{extra}]". '
            f"Received: {error}"
        ) from error


def _from_hugging_face(address, force, sha256, limit):
    repository, path, revision = parse_hf(address)
    if not path:
        raise WeightsError(
            "`address` of weights must name a file in the repository. "
            f"Received: address={shown_address(address)!r}"
        )
    hub = require("huggingface_hub", "hf")
    if sha256 is not None and not force:
        # A cached file with the right hash is used without asking the hub for a newer one.
        kept = hub.try_to_load_from_cache(repository, path, revision=revision)
        if isinstance(kept, str) and hashes.sha256(kept) == sha256:
            return Path(kept)
    _check_size(address, _announced_size(hub, repository, path, revision), limit)
    with explained(address):
        return Path(hub.hf_hub_download(repository, path, revision=revision, force_download=force))


def _announced_size(hub, repository, path, revision):
    """Return the size that the hub announces, or 0 if it says nothing: the download itself explains its errors."""
    try:
        return hub.get_hf_file_metadata(hub.hf_hub_url(repository, path, revision=revision)).size or 0
    except Exception:
        return 0


def _from_kaggle(address, force, sha256, limit):
    parts = address.removeprefix("kaggle://").split("/")
    versions = 1 if len(parts) > 4 and parts[4].isdigit() else 0
    handle, path = "/".join(parts[: 4 + versions]), "/".join(parts[4 + versions :])
    if not path or not all(parts):
        raise WeightsError(
            "`address` must be kaggle://OWNER/MODEL/FRAMEWORK/VARIATION/VERSION/PATH, with or without VERSION. "
            f"Received: address={shown_address(address)!r}"
        )
    _check_parts(address, handle, path)
    hub = require("kagglehub", "kaggle")
    with explained(address):
        return Path(hub.model_download(handle, path, force_download=force))


@contextlib.contextmanager
def explained(address):
    """Raise any error of a hub's library, whatever its type, as a `WeightsError` that names the address."""
    try:
        yield
    except Exception as error:
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        answer = getattr(getattr(error, "response", None), "status_code", None)
        if answer in (401, 403) or "Token" in type(error).__name__:
            reason += " (if you have access, log in with 'hf auth login' or set HF_TOKEN)"
        reason = printable(without_secrets(reason))[:400]
        raise WeightsError(f"{shown_address(address)}: {type(error).__name__} {reason}".rstrip()) from error
