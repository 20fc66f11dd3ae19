"""All datasets of a file by name, described before any value is read."""

from __future__ import annotations

import os
import stat
import zlib
from pathlib import Path

from ltzoo.readers.hdf5.cursor import Cursor, Hdf5Error
from ltzoo.readers.hdf5.dataset import Dataset
from ltzoo.readers.hdf5.groups import members
from ltzoo.readers.hdf5.header import LINK, LINKS, MEMBERS, SHAPE, Seen, messages
from ltzoo.readers.hdf5.heaps import Heaps

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_MAX_DEPTH = 64
_MAX_OBJECTS = 200_000
# Names, headers and the space that h5py leaves between objects, next to the values.
OVERHEAD = 1 << 24


class Hdf5Contents:
    """The datasets of one file.

    Args:
        data: the bytes of the file.
        limit: bytes that the values may have in all.

    Attributes:
        datasets: the datasets by their full name, such as `layers/dense/vars/0`.

    Raises:
        Hdf5Error: the file has anything but groups and datasets of numbers or text, or more than `limit`.
    """

    def __init__(self, data: bytes, limit: int):
        self.datasets: dict[str, Dataset] = {}
        self._data, self._seen = data, Seen(len(data))
        self._heaps = Heaps(data, self._seen)
        self._objects = 0
        self._left = limit
        self._visit("", _root(data), 0)

    def checksum(self, without: str) -> int:
        """Return a CRC-32 of all names, types, shapes and values but those of the dataset `without`."""
        found = 0
        for name in sorted(self.datasets.keys() - {without}):
            dataset = self.datasets[name]
            value = dataset.text().encode() if dataset.dtype is None else dataset.read().data
            found = zlib.crc32(f"{name}\0{dataset.dtype}\0{dataset.shape}\0".encode(), found)
            found = zlib.crc32(value, found)
        return found

    def _visit(self, path, place, depth):
        self._objects += 1
        if depth > _MAX_DEPTH or self._objects > _MAX_OBJECTS:
            raise Hdf5Error("it has too many or too deep groups")
        found = messages(self._data, place, self._seen)
        if SHAPE in found:
            try:
                dataset = Dataset(self._data, found, self._heaps)
            except Hdf5Error as error:
                raise Hdf5Error(f"{error}, in {path[:200]!r}") from error
            self._left -= dataset.nbytes
            if self._left < 0:
                raise Hdf5Error(
                    f"its datasets claim more bytes than the network has; {path[:200]!r} has shape {dataset.shape}"
                )
            self.datasets[path] = dataset
            return
        if not (MEMBERS in found or LINKS in found or LINK in found):
            raise Hdf5Error(f"{path[:200]!r} in it is neither a group nor a dataset")
        names = set()
        for name, address in members(self._data, found, self._seen):
            if not name or name in (".", "..") or "/" in name or name in names:
                raise Hdf5Error(f"it has a wrong name, {name[:100]!r}")
            names.add(name)
            self._visit(f"{path}/{name}" if path else name, address, depth + 1)


def read_hdf5(path: str | os.PathLike, limit: int) -> Hdf5Contents:
    """Describe the datasets of a file; their values are read later, one by one.

    The HDF5 library is not used, so a damaged or forged file cannot make it crash, hang or read other files.

    Args:
        path: the file.
        limit: bytes that the values may have in all.

    Raises:
        Hdf5Error: the file is damaged, too large, or holds anything but groups, numbers and text in it.
        OSError: the file cannot be read.
    """
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode):
        raise Hdf5Error("it is no regular file")
    if found.st_size > limit + max(limit, OVERHEAD):
        raise Hdf5Error(f"it has {found.st_size} bytes; its network has room for {limit}")
    return Hdf5Contents(Path(path).read_bytes(), limit)


def _root(data):
    cursor = Cursor(data)
    if cursor.data[:8] != _SIGNATURE:
        raise Hdf5Error("it is no HDF5 file")
    cursor.take(8)
    if data[8:9] in (b"\2", b"\3"):
        raise Hdf5Error("it is written in a newer form of HDF5 than Keras writes")
    cursor.expect(b"\0\0\0\0\0\x08\x08\0", "the start of the file")
    cursor.take(8)
    if cursor.number(8) != 0:
        raise Hdf5Error("it starts with a block of other data")
    cursor.take(8)
    if cursor.number(8) > len(data):
        raise Hdf5Error("it is cut off")
    cursor.take(16)
    return cursor.number(8)
