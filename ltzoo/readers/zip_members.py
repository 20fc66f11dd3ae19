"""Members of a ZIP archive, checked before they are read: plain names, honest sizes, no member twice."""

from __future__ import annotations

import stat
import zipfile
from pathlib import PurePosixPath

MAX_MEMBERS = 100_000
_PIECE = 1 << 20
_ENCRYPTED = 1


class ArchiveError(ValueError):
    """A ZIP archive holds what it must not; the message says what."""


def checked_members(archive: zipfile.ZipFile, size: int, expansion: int = 1) -> dict[str, zipfile.ZipInfo]:
    """Return the members by name.

    Args:
        archive: the open archive.
        size: bytes of the archive, which bound those of its members.
        expansion: how many times its stored size a member may have; 1 for archives without compression.

    Raises:
        ArchiveError: a name leads outside or is there twice, a member is a link or encrypted, or sizes cannot be true.
    """
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise ArchiveError(f"it has more than {MAX_MEMBERS} members")
    members = {}
    for info in infos:
        shown = repr(info.filename[:100])
        path = PurePosixPath(info.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in info.filename or ":" in info.filename:
            raise ArchiveError(f"the name of its member {shown} leads outside")
        if info.filename in members:
            raise ArchiveError(f"its member {shown} is there twice")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise ArchiveError(f"its member {shown} is a link")
        if info.flag_bits & _ENCRYPTED or info.compress_type not in (
            zipfile.ZIP_STORED,
            zipfile.ZIP_DEFLATED,
        ):
            raise ArchiveError(f"its member {shown} is encrypted or compressed in an unusual way")
        if info.file_size > expansion * info.compress_size:
            raise ArchiveError(
                f"its member {shown} claims {info.file_size} bytes and stores {info.compress_size}"
            )
        members[info.filename] = info
    if sum(info.compress_size for info in infos) > size:
        raise ArchiveError("its members overlap")
    return members


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int | None = None) -> bytes:
    """Read a member in pieces, so that no more is unpacked than it claims; its checksum is compared.

    Raises:
        ArchiveError: the member claims more than `limit` bytes, or has fewer than it claims.
        zipfile.BadZipFile: the member is damaged.
    """
    if limit is not None and info.file_size > limit:
        raise ArchiveError(
            f"its member {info.filename[:100]!r} has {info.file_size} bytes; {limit} are allowed"
        )
    pieces = []
    with archive.open(info) as stream:
        while piece := stream.read(_PIECE):
            pieces.append(piece)
    content = b"".join(pieces)
    if len(content) != info.file_size:
        raise ArchiveError(f"its member {info.filename[:100]!r} is cut off")
    return content
