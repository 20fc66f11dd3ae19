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
            f"`address` must be hf://ORGANIZATION/REPOSITORY/PATH@REVISION. Received: address={address!r}"
        )
    return HubAddress(f"{found[1]}/{found[2]}", (found[4] or "").strip("/"), found[3] or found[5])


def fetch(address: str, *, sha256: str | None = None, size: int | None = None) -> Path:
    """Fetch the file at an `hf://` or `kaggle://` address into the cache of that hub's library.

    A file with the wrong hash or size is fetched a second time, since the cache may be damaged.

    Returns:
        the path of the file in the cache.

    Raises:
        WeightsError: the hub's library cannot fetch the file, or the file does not match `sha256` and `size`.
        ImportError: the hub's library is not installed.
    """
    get = _from_hugging_face if address.startswith("hf://") else _from_kaggle
    received = ""
    for force in (False, True):
        path = get(address, force, sha256)
        found, length = hashes.sha256(path) if sha256 else None, path.stat().st_size
        if found == sha256 and size in (None, length):
            return path
        received = f"{length:,} bytes" + (
            f" with SHA-256 {found}, expected {sha256}" if sha256 else f", expected {size:,}"
        )
    raise WeightsError(f"{address} is another file than expected. Received: {received}")


def require(library: str, extra: str) -> ModuleType:
    """Import an optional library, which the `extra` of this package installs.

    Raises:
        ImportError: the library is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module(library)
    except ModuleNotFoundError as error:
        raise ImportError(
            f'{library} is needed for {extra}:// addresses. Install it: pip install "ltzoo[{extra}]"'
        ) from error


def _from_hugging_face(address, force, sha256):
    repository, path, revision = parse_hf(address)
    if not path:
        raise WeightsError(
            f"`address` of weights must name a file in the repository. Received: address={address!r}"
        )
    hub = require("huggingface_hub", "hf")
    if sha256 is not None and not force:
        # A cached file with the right hash is used without asking the hub for a newer one.
        kept = hub.try_to_load_from_cache(repository, path, revision=revision)
        if isinstance(kept, str) and hashes.sha256(kept) == sha256:
            return Path(kept)
    with explained(address):
        return Path(hub.hf_hub_download(repository, path, revision=revision, force_download=force))


def _from_kaggle(address, force, sha256):
    parts = address.removeprefix("kaggle://").split("/")
    versions = 1 if len(parts) > 4 and parts[4].isdigit() else 0
    handle, path = "/".join(parts[: 4 + versions]), "/".join(parts[4 + versions :])
    if not path or not all(parts):
        raise WeightsError(
            "`address` must be kaggle://OWNER/MODEL/FRAMEWORK/VARIATION/VERSION/PATH, with or without VERSION. "
            f"Received: address={address!r}"
        )
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
        raise WeightsError(f"{address}: {type(error).__name__} {reason}".rstrip()) from error
