"""Download files across lost connections; a download ends with the right file or with none."""

from __future__ import annotations

import contextlib
import errno
import http.client
import re
import shutil
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

# pooch does all of this except resume, which large files need most. requests honors proxies and certificates.
import filelock
import requests
import urllib3

from ltzoo.models.download_progress import DownloadProgress
from ltzoo.models.hashes import sha256 as sha256_of
from ltzoo.models.part_file import PartFile, validator_of
from ltzoo.models.weights_errors import UnreachableError, WeightsError
from ltzoo.printable import printable, shown_address, without_secrets
from ltzoo.readers.card_schema import MAX_FILE_BYTES
from ltzoo.version import __version__

TRIES = 4
FIRST_WAIT = 0.5
LONGEST_WAIT = 60.0
TIMEOUT = (10.0, 30.0)
REDIRECTS = 10
# A server that sends less than this in the period is given up.
SLOW_BYTES, SLOW_SECONDS = 1 << 14, 120.0
_PIECE = 1 << 16
_RANGE = re.compile(r"bytes (?:([0-9]{1,18})-[0-9]{1,18}|\*)/([0-9]{1,18}|\*)")
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)


class _Cut(Exception):
    """An attempt ended early and another one may continue. `wait` is the pause that the server asks for, in seconds."""

    def __init__(self, reason, wait=0.0):
        super().__init__(reason)
        self.wait = wait


class _Session(requests.Session):
    """A session that leaves redirects to `_get`: requests would read the whole body of each into memory."""

    def get_redirect_target(self, resp):
        return None


def _get(session, url, headers):
    """Send a request along redirects, of which none leads from https to anything else."""
    there = url
    for _ in range(REDIRECTS + 1):
        response = session.get(there, headers=headers, stream=True, timeout=TIMEOUT)
        target = requests.Session.get_redirect_target(session, response)
        if target is None:
            return response
        response.close()
        there, allowed = (
            urllib.parse.urljoin(there, target),
            ("https",) if there.lower().startswith("https:") else ("https", "http"),
        )
        if urllib.parse.urlsplit(there).scheme not in allowed:
            raise WeightsError(
                f"{shown_address(url)} must be redirected to https:// only. "
                f"Received: a redirect to {shown_address(there)}"
            )
    raise WeightsError(f"{shown_address(url)} cannot be fetched. Received: more than {REDIRECTS} redirects")


def download(
    url: str,
    destination: Path,
    *,
    sha256: str | None = None,
    size: int | None = None,
    limit: int = MAX_FILE_BYTES,
    again: bool = False,
) -> Path:
    """Download the file at an http or https address to `destination`, whole and checked.

    When the connection is lost, the process is stopped or the server fails, the bytes so far stay in a hidden file next
    to `destination`. The next attempt or run requests the rest (`Range`, `If-Range`). A server without range requests,
    or with a newer version of the file, sends all of it again. The download fails after 4 attempts in a row that bring
    less than 64 kB, and if a server sends less than 16 kB in two minutes. If several processes want the same file, one
    downloads it and the others wait. On a terminal a bar on stderr shows the progress. An https address is redirected
    to https only, 10 times at most.

    Args:
        url: the address.
        destination: path of the file; nothing is downloaded if it exists with the right hash.
        sha256: SHA-256 that the file must have, or None.
        size: size of the file in bytes, or None.
        limit: most bytes to fetch if `size` is None.
        again: replace the file at `destination`, unless `sha256` shows that it is right.

    Returns:
        `destination`.

    Raises:
        UnreachableError: the server cannot be reached, or fails, or is too slow.
        WeightsError: the server refuses, or sends another or too large a file, which is deleted.
        OSError: the folder cannot be written to, or the disk is full; a full disk leaves nothing behind.
    """
    with _explained_disk_errors(destination):
        destination.parent.mkdir(parents=True, exist_ok=True)
        part = PartFile(destination)
        with filelock.FileLock(destination.with_name(f".{destination.name}.lock")):
            kept = destination.is_file() and not (again and sha256 is None)
            if not (kept and (sha256 is None or sha256_of(destination) == sha256)):
                if part.size and part.validator is None and sha256 is None:
                    part.discard()  # Neither version nor hash would show whether the rest belongs to it.
                with _Session() as session, DownloadProgress(printable(destination.name)) as progress:
                    _fetch(session, url, part, sha256, size, limit, progress)
                part.finish()
    return destination


def _fetch(session, url, part, sha256, size, limit, progress):
    """Fill `part`, in as many attempts as bring new bytes."""
    furthest, failed, joined, again = part.size, 0, part.size > 0, False
    while True:
        try:
            _try(session, url, part, size, limit, progress)
        except _Cut as cut:
            failed = 0 if part.size >= furthest + _PIECE else failed + 1
            furthest, joined = max(furthest, part.size), joined or part.size > 0
            if failed >= TRIES:
                raise UnreachableError(
                    f"{shown_address(url)}: {cut}, after {TRIES} attempts. The {part.size:,} bytes so far are kept; "
                    f"run the same command again to continue. Received: {shown_address(url)}"
                ) from None
            time.sleep(min(max(cut.wait, FIRST_WAIT * 2 ** max(failed - 1, 0)), LONGEST_WAIT))
            continue
        found = None if sha256 is None else sha256_of(part.path)
        if found == sha256:
            return
        received = part.size
        part.discard()
        if again or not joined:
            raise WeightsError(
                f"{shown_address(url)} sends another file than expected; it was deleted. "
                f"Received: {received:,} bytes with SHA-256 {found}, expected {sha256}"
            )
        furthest, failed, again = 0, 0, True  # The pieces may come from two versions: start over, once.


def _try(session, url, part, size, limit, progress):
    """Send one request for the bytes that `part` lacks."""
    if size is not None and part.size >= size:
        if part.size == size:
            return
        part.discard()
    headers = {"Accept-Encoding": "identity", "User-Agent": f"ltzoo/{__version__}"}
    if part.size:
        headers["Range"] = f"bytes={part.size}-"
        if part.validator is not None:
            headers["If-Range"] = part.validator
    try:
        response = _get(session, url, headers)
    except WeightsError:
        raise
    # Not `from error`: the errors of these libraries show the whole address, with what is secret in it.
    except (requests.exceptions.SSLError, ValueError) as error:
        raise WeightsError(f"{shown_address(url)} cannot be fetched: {_reason(error)}") from None
    except requests.RequestException as error:
        raise _Cut(f"no answer ({_reason(error)})") from None
    with response:
        total = _begin(response, url, part, size)
        if total is _COMPLETE:
            return
        most = limit if size is None else size
        if total is not None and total > most:
            part.discard()
            raise WeightsError(
                f"{shown_address(url)} must have at most {most:,} bytes. Received: {total:,} bytes announced"
            )
        _receive(response, url, part, total if size is None else size, most, progress)


_COMPLETE = object()


def _begin(response, url, part, size):
    """Prepare `part` for the body of a response; return the size of the whole file, or None if it is unknown."""
    ranges = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
    total = int(ranges[2]) if ranges and ranges[2] != "*" else None
    if response.status_code == 200:
        announced = response.headers.get("Content-Length", "")
        total = int(announced) if re.fullmatch("[0-9]{1,18}", announced) else None
    if response.status_code in (200, 206) and None not in (size, total) and total != size:
        raise WeightsError(
            f"{shown_address(url)} sends another file than expected. "
            f"Received: {total:,} bytes announced, expected {size:,}"
        )
    if response.status_code == 200:
        part.start(validator_of(response.headers))
        return total
    if response.status_code == 206:
        now = validator_of(response.headers)
        if ranges is None or ranges[1] is None or int(ranges[1]) != part.size:
            part.discard()
            raise _Cut("the server did not send the requested part of the file")
        if part.validator is not None and now not in (None, part.validator):
            part.discard()
            raise _Cut("the file has changed on the server")
        return total
    if response.status_code == 416 and part.size:
        if total == part.size:
            return _COMPLETE
        part.discard()
        raise _Cut("the server does not have the requested part of the file")
    answer = printable(f"the server answers {response.status_code} {(response.reason or '')[:80]}".rstrip())
    if response.status_code in _TRY_AGAIN:
        wait = response.headers.get("Retry-After", "")
        raise _Cut(answer, float(wait) if re.fullmatch("[0-9]{1,9}", wait) else 0.0)
    raise WeightsError(f"{shown_address(url)}: {answer}")


def _receive(response, url, part, total, most, progress):
    """Append the body of a response to `part`; `total` is the size of the whole file, or None, `most` its limit."""
    if total is not None and shutil.disk_usage(part.path.parent).free < total - part.size:
        raise OSError(errno.ENOSPC, f"{total - part.size:,} bytes are to come")
    done = since = part.size
    start = time.monotonic()
    progress.start(done, total)
    with open(part.path, "ab") as file:
        while True:
            try:
                piece = response.raw.read1(_PIECE, decode_content=False)
            except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
                raise _Cut(f"the connection was cut after {done:,} bytes ({_reason(error)})") from None
            if not piece:
                break
            done += len(piece)
            if done > (most if total is None else total):
                break
            file.write(piece)
            if time.monotonic() - start > SLOW_SECONDS:
                if done - since < SLOW_BYTES:
                    raise UnreachableError(
                        f"{shown_address(url)}: the server sent {done - since:,} bytes in {SLOW_SECONDS:g} s; the "
                        f"{done:,} bytes so far are kept, run the same command again to continue"
                    )
                start, since = time.monotonic(), done
            progress.update(done)
    if total is not None and done < total:
        raise _Cut(f"the connection was cut after {done:,} of {total:,} bytes")
    if done > (most if total is None else total):
        part.discard()
        expected = (
            f"the {total:,} bytes expected" if total is not None else f"{most:,} bytes, the most allowed"
        )
        raise WeightsError(
            f"{shown_address(url)} sends another file than expected. Received: more than {expected}"
        )


@contextlib.contextmanager
def _explained_disk_errors(destination: Path) -> Iterator[None]:
    """Raise disk errors again with advice; a part that filled the disk is removed."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            PartFile(destination).discard()
            what = f"The disk of {destination.parent} is full"
        else:
            what = f"{destination} cannot be written"
        raise OSError(
            error.errno,
            f"{what}: {error.strerror or error}. Make room, or choose another folder with LTZOO_CACHE",
        ) from error


def _reason(error: BaseException) -> str:
    """Return the innermost reason of a network error, which the libraries wrap several times."""
    inner = error
    while isinstance(getattr(inner, "reason", None) or (inner.args and inner.args[0]), BaseException):
        inner = getattr(inner, "reason", None) or inner.args[0]
    reason = re.sub(r"<[^>]*> ?:? ?", "", str(inner)) or type(inner).__name__
    return printable(without_secrets(reason))[:400]
