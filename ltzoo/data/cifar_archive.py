"""Read members of the official CIFAR archives in memory, with limits on their number and sizes."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from pathlib import Path, PurePosixPath

# The largest official file has 155 MB; other protocols of pickle need up to four times that.
MAX_BYTES = 1 << 30
MAX_MEMBERS = 1000
_BLOCK = 512


def read_archive(path: Path, file_names: tuple[str, ...]) -> dict[str, bytes]:
    """Read files from a `.tar.gz` or `.tar` archive, by their names without folders.

    Nothing is extracted. Links, devices and headers of other formats are passed over, so names cannot lead outside.

    Args:
        path: the archive.
        file_names: the files to read; of several members with one name the first is read.

    Raises:
        ValueError: the archive is damaged, is larger than an official one, or lacks a file.
    """
    found: dict[str, bytes] = {}
    try:
        with open(path, "rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if not compressed:
                _read_members(file, file_names, found)
            else:
                with gzip.GzipFile(fileobj=file) as stream:
                    _read_members(stream, file_names, found)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ValueError(
            f"{path} cannot be read as a .tar.gz archive: {error}. Received: {str(path)!r}"
        ) from error
    missing = [name for name in file_names if name not in found]
    if missing:
        raise ValueError(
            f"{path} must hold {', '.join(file_names)}. Received: an archive without {missing[0]}"
        )
    return found


def _read_members(stream, file_names, found):
    left = MAX_BYTES
    for _ in range(MAX_MEMBERS):
        block = stream.read(_BLOCK)
        if block.count(0) == len(block):
            break
        member = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        left -= member.size
        if member.size < 0 or left < 0:
            raise tarfile.ReadError(f"it holds more than {MAX_BYTES} bytes")
        name = PurePosixPath(member.name).name
        wanted = member.isreg() and name in file_names and name not in found
        content = _read(stream, -(-member.size // _BLOCK) * _BLOCK, keep=wanted)
        if wanted:
            found[name] = content[: member.size]
    else:
        raise tarfile.ReadError(f"it holds more than {MAX_MEMBERS} members")
    _read(stream, min(left, MAX_BYTES), keep=False, whole=False)  # The checksum of gzip is at its end.


def _read(stream, size, keep, whole=True):
    """Read `size` bytes in pieces, and return them if they are to be kept."""
    pieces = []
    while size:
        piece = stream.read(min(size, 1 << 20))
        if not piece:
            if whole:
                raise tarfile.ReadError("it is cut off")
            break
        size -= len(piece)
        if keep:
            pieces.append(piece)
    return b"".join(pieces)
