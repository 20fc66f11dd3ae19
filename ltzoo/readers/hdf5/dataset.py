"""One dataset: its type and shape, known before its values are read."""

from __future__ import annotations

import math

import numpy as np

from ltzoo.readers.hdf5.chunks import read_chunks
from ltzoo.readers.hdf5.cursor import UNDEFINED, Cursor, Hdf5Error
from ltzoo.readers.hdf5.header import ATTRIBUTE, FILTERS, KIND, LAYOUT, SHAPE
from ltzoo.readers.hdf5.heaps import Heaps
from ltzoo.readers.hdf5.kinds import Kind, kind_of, shape_of

_COMPACT, _CONTIGUOUS, _CHUNKED, _VIRTUAL = range(4)


class Dataset:
    """A dataset of numbers, or one text.

    Args:
        data: the file.
        found: the messages of the dataset.
        heaps: the texts of the file.

    Attributes:
        shape: its shape.
        dtype: its NumPy dtype; None for a text. bfloat16 is read as float32.
        nbytes: bytes of its values in memory.
    """

    def __init__(self, data: bytes, found: dict[int, list[bytes]], heaps: Heaps):
        self._data, self._found, self._heaps = data, found, heaps
        self.shape = shape_of(_only(found, SHAPE))
        self._kind = kind_of(_only(found, KIND))
        self._bfloat16 = self._kind.opaque and _is_bfloat16(heaps, found)
        if self._kind.opaque and not self._bfloat16:
            raise Hdf5Error("it has bytes without a type")
        if self._kind.dtype is None and self.shape:
            raise Hdf5Error("it has many texts instead of numbers")
        self._size = math.prod(self.shape) * self._kind.size
        self.nbytes = self._size * (2 if self._bfloat16 else 1)
        self._layout = _Layout(data, _only(found, LAYOUT), self._size)
        if found.get(FILTERS) and self._layout.form != _CHUNKED:
            raise Hdf5Error("it has filters on data without chunks")

    @property
    def dtype(self) -> np.dtype | None:
        """The NumPy dtype of the values; None for a text."""
        if self._bfloat16:
            return np.dtype("float32")
        return np.dtype(bool) if self._kind.boolean else self._kind.dtype

    def read(self) -> np.ndarray:
        """Return the numbers.

        Raises:
            Hdf5Error: the dataset is a text, or its data is damaged.
        """
        if self._kind.dtype is None:
            raise Hdf5Error("it has a text instead of numbers")
        values = np.frombuffer(self._bytes(), self._kind.dtype).reshape(self.shape)
        if self._bfloat16:
            return (values.astype(np.uint32) << 16).view(np.float32)
        return values != 0 if self._kind.boolean else values

    def text(self) -> str:
        """Return the text.

        Raises:
            Hdf5Error: the dataset holds numbers, or its data is damaged.
        """
        if self._kind.dtype is not None:
            raise Hdf5Error("it has numbers instead of a text")
        return _text(self._heaps, self._kind, self._bytes())

    def _bytes(self):
        if self._layout.form == _CHUNKED:
            filters = self._found.get(FILTERS, [])
            return read_chunks(
                self._data, self._layout.place, self.shape, self._kind.size, self._layout.chunk, filters
            )
        return self._layout.raw


class _Layout:
    """Where the values are: in the header, in one piece, or in chunks."""

    def __init__(self, data, message, size):
        cursor = Cursor(message)
        version, self.form = cursor.number(1), cursor.number(1)
        if version == 4 and self.form == _VIRTUAL:
            raise Hdf5Error("it has a virtual dataset, which would read other files")
        if version != 3 or self.form not in (_COMPACT, _CONTIGUOUS, _CHUNKED):
            raise Hdf5Error("it stores data in another way than Keras")
        if self.form == _COMPACT:
            self.raw = cursor.take(cursor.number(2))
        elif self.form == _CONTIGUOUS:
            self.place, stored = cursor.number(8), cursor.number(8)
            if size and self.place == UNDEFINED:
                raise Hdf5Error(f"it has a dataset of {size} bytes without data")
            self.raw = memoryview(data)[self.place : self.place + size] if size else b""
            if stored < size:
                raise Hdf5Error(f"it has a dataset of {size} bytes that stores {stored}")
        else:
            rank = cursor.number(1)
            self.place = cursor.number(8)
            self.chunk = tuple(cursor.number(4) for _ in range(rank))
        if self.form != _CHUNKED and len(self.raw) != size:
            raise Hdf5Error(f"it has a dataset of {size} bytes that is cut off")


def _only(found, kind):
    if len(found.get(kind, ())) != 1:
        raise Hdf5Error("it has a dataset without shape, type or data")
    return found[kind][0]


def _text(heaps: Heaps, kind: Kind, raw):
    raw = heaps.get(bytes(raw)) if kind.variable else bytes(raw)
    try:
        return raw.rstrip(b"\0").decode("utf-8")
    except UnicodeDecodeError as error:
        raise Hdf5Error("it has a text that is not UTF-8") from error


def _is_bfloat16(heaps, found):
    """Return whether a dataset has the attribute by which Keras marks bfloat16."""
    for message in found.get(ATTRIBUTE, ()):
        cursor = Cursor(message)
        version, _ = cursor.number(1), cursor.number(1)
        sizes = [cursor.number(2) for _ in range(3)]
        cursor.take(1 if version == 3 else 0)
        parts = [cursor.take(size + (-size % 8 if version == 1 else 0))[:size] for size in sizes]
        if parts[0].rstrip(b"\0") == b"dtype":
            kind = kind_of(parts[1])
            if kind.dtype is None and not shape_of(parts[2]):
                return _text(heaps, kind, cursor.take(kind.size)) == "bfloat16"
    return False
