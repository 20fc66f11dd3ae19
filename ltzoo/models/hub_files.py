"""Files of the Hugging Face Hub and of Kaggle Models, through the hubs' own libraries."""

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
    """`hf://ORGANIZATION/REPOSITORY/PATH@REVISION` in parts; the path may be empty."""

    repository: str
    path: str
    revision: str | None


def parse_hf(address: str) -> HubAddress:
    """The parts of an `hf://` address; the revision may also stand behind the repository, as the hub writes it.

    Raises:
        WeightsError: it names no repository.
    """
    found = re.fullmatch(r"hf://([^/@]+)/([^/@]+)(?:@([^/]+))?(?:/([^@]*))?(?:@(.+))?", address)
    if found is None or (found[3] and found[5]):
        raise WeightsError(
            f"an hf:// address must be hf://ORGANIZATION/REPOSITORY/PATH@REVISION. Received: {address}"
        )
    return HubAddress(f"{found[1]}/{found[2]}", (found[4] or "").strip("/"), found[3] or found[5])


def fetch(address: str, *, sha256: str | None = None, size: int | None = None) -> Path:
    """The file at an `hf://` or `kaggle://` address in the cache of that hub's library.

    A file with the wrong hash is fetched anew once, since it may be the cache that is damaged.

    Raises:
        WeightsError: the hub's library could not fetch it, or it is not the file that was asked for.
        ImportError: the hub's library is not installed.
    """
    get = _from_hugging_face if address.startswith("hf://") else _from_kaggle
    for anew in (False, True):
        path = get(address, anew, sha256)
        found = hashes.sha256(path) if sha256 else None
        if found == sha256 and size in (None, path.stat().st_size):
            return path
    raise WeightsError(
        f"{address} is another file than expected. Received: {path.stat().st_size:,} bytes"
        + (f" with SHA-256 {found}, expected {sha256}" if sha256 else f", expected {size:,}")
    )


def require(library: str, extra: str) -> ModuleType:
    """An optional library.

    Raises:
        ImportError: it is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module(library)
    except ModuleNotFoundError as error:
        raise ImportError(
            f'{library} is needed for {extra}:// addresses. Install it: pip install "ltzoo[{extra}]"'
        ) from error


def _from_hugging_face(address, anew, sha256):
    repository, path, revision = parse_hf(address)
    if not path:
        raise WeightsError(
            f"an hf:// address of weights must name a file of the repository. Received: {address}"
        )
    hub = require("huggingface_hub", "hf")
    if sha256 is not None and not anew:
        # With a hash, what is in the cache needs no question to the hub whether there is something newer.
        kept = hub.try_to_load_from_cache(repository, path, revision=revision)
        if isinstance(kept, str) and hashes.sha256(kept) == sha256:
            return Path(kept)
    with explained(address):
        return Path(hub.hf_hub_download(repository, path, revision=revision, force_download=anew))


def _from_kaggle(address, anew, sha256):
    parts = address.removeprefix("kaggle://").split("/")
    versions = 1 if len(parts) > 4 and parts[4].isdigit() else 0
    handle, path = "/".join(parts[: 4 + versions]), "/".join(parts[4 + versions :])
    if not path or not all(parts):
        raise WeightsError(
            "a kaggle:// address must be kaggle://OWNER/MODEL/FRAMEWORK/VARIATION/VERSION/PATH, the version being "
            f"optional. Received: {address}"
        )
    hub = require("kagglehub", "kaggle")
    with explained(address):
        return Path(hub.model_download(handle, path, force_download=anew))


@contextlib.contextmanager
def explained(address):
    """Every error of a hub's library, of whatever type, as one that names the address."""
    try:
        yield
    except Exception as error:
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        answer = getattr(getattr(error, "response", None), "status_code", None)
        if answer in (401, 403) or "Token" in type(error).__name__:
            reason += " (log in with 'hf auth login' or set HF_TOKEN, if you have the rights)"
        raise WeightsError(f"{address}: {type(error).__name__} {reason}".rstrip()) from error
