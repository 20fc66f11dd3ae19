"""Read PyTorch files without PyTorch: plain values, and tensors whose sizes and strides are checked."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ltzoo.models.convert.torch_tensors import Storage, TensorNames
from ltzoo.readers.plain_arrays import ArrayNames
from ltzoo.readers.plain_pickle import Named, PickleError, read_pickle
from ltzoo.readers.zip_members import checked_members, read_member

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
MAX_BYTES = 1 << 32
_MAX_PICKLE = 1 << 28


def read_torch_file(path: Path) -> Any:
    """Read what `torch.save` wrote, as ZIP archive or in the older format of PyTorch before 1.6.

    No code from the file runs, and nothing in it is imported. Data of tensors is read when it is asked for.

    Returns:
        the saved value, with `StoredTensor` and `PlainArray` in place of tensors and arrays.

    Raises:
        PickleError: the file holds other objects than tensors, arrays, numbers and texts, or is damaged.
        ArchiveError: the archive claims sizes that it does not have.
        zipfile.BadZipFile: the archive is damaged.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise PickleError(f"it has {size} bytes; {MAX_BYTES} are allowed")
    content = path.read_bytes()
    return _Archive(content).read() if content[:4] == b"PK\x03\x04" else _Legacy(content).read()


class _File:
    """The storages of one file, by key."""

    def __init__(self, content: bytes):
        self.content = content
        self.storages: dict[str, Storage] = {}

    def unpickle(self, data: bytes, start: int = 0):
        names: dict[str, Callable[..., Any] | None] = ArrayNames(len(data)).table()
        names |= TensorNames(4 * len(self.content)).table()
        return read_pickle(data, names, start, persistent=self.storage, encoding="utf-8")

    def storage(self, identifier: Any) -> Storage:
        if not isinstance(identifier, tuple) or len(identifier) not in (5, 6) or identifier[0] != "storage":
            raise PickleError("it refers to what is not a storage of numbers")
        _, kind, key, _, count = identifier[:5]
        if identifier[5:] not in ((), (None,)):
            raise PickleError("a storage is a part of another one")
        if not isinstance(kind, Named) or not isinstance(key, str) or type(count) is not int or count < 0:
            raise PickleError("a storage has no type, key or size")
        known = self.storages.setdefault(key, Storage(kind.name, count, lambda: self.data(key)))
        if (known.kind, known.count) != (kind.name, count):
            raise PickleError(f"the storage {key[:50]!r} has two types or sizes")
        return known

    def data(self, key: str) -> bytes:
        raise NotImplementedError(f"{type(self).__name__} must implement data(key).")


class _Archive(_File):
    """The format since PyTorch 1.6."""

    def read(self):
        self.archive = zipfile.ZipFile(io.BytesIO(self.content))
        self.members = checked_members(self.archive, len(self.content))
        found = [name for name in self.members if name == "data.pkl" or name.endswith("/data.pkl")]
        if len(found) != 1:
            raise PickleError("it is no archive of torch.save: data.pkl is missing")
        self.folder = found[0].removesuffix("data.pkl")
        if f"{self.folder}constants.pkl" in self.members:
            raise PickleError("it is a TorchScript archive; save its state_dict()")
        order = self.members.get(f"{self.folder}byteorder")
        if order is not None and read_member(self.archive, order, 100) != b"little":
            raise PickleError("its numbers are not little-endian")
        value, _ = self.unpickle(read_member(self.archive, self.members[found[0]], _MAX_PICKLE))
        return value

    def data(self, key):
        member = self.members.get(f"{self.folder}data/{key}")
        if member is None:
            raise PickleError(f"the data of the storage {key[:50]!r} is missing")
        return read_member(self.archive, member)


class _Legacy(_File):
    """The format before PyTorch 1.6: four pickles, then the data of all storages."""

    def read(self):
        magic, place = self.unpickle(self.content)
        protocol, place = self.unpickle(self.content, place)
        system, place = self.unpickle(self.content, place)
        if magic != _MAGIC or protocol != _PROTOCOL or not isinstance(system, dict):
            raise PickleError("it is no file of torch.save")
        if system.get("little_endian") is not True:
            raise PickleError("its numbers are not little-endian")
        value, place = self.unpickle(self.content, place)
        keys, place = self.unpickle(self.content, place)
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise PickleError("it does not list its storages")
        self.places = {}
        for key in keys:
            if key not in self.storages or key in self.places:
                raise PickleError("its list of storages does not fit")
            storage = self.storages[key]
            if self.content[place : place + 8] != struct.pack("<q", storage.count):
                raise PickleError(f"the storage {key[:50]!r} has another size than its tensors say")
            self.places[key] = slice(place + 8, place + 8 + storage.size)
            place += 8 + storage.size
        return value

    def data(self, key):
        if key not in self.places:
            raise PickleError(f"the data of the storage {key[:50]!r} is missing")
        return self.content[self.places[key]]
