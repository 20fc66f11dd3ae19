"""Texts of variable length, which lie in heaps."""

from __future__ import annotations

from ltzoo.readers.hdf5.cursor import Cursor, Hdf5Error
from ltzoo.readers.hdf5.header import Seen


class Heaps:
    """The global heaps of a file, each read once.

    Args:
        data: the file.
        seen: places that were read already.
    """

    def __init__(self, data: bytes, seen: Seen):
        self._data, self._seen = data, seen
        self._heaps: dict[int, dict[int, tuple[int, int]]] = {}

    def get(self, reference: bytes) -> bytes:
        """Return the text that a reference in a dataset or attribute leads to.

        Raises:
            Hdf5Error: there is none, or it is cut off.
        """
        cursor = Cursor(reference)
        length, place, number = cursor.number(4), cursor.number(8), cursor.number(4)
        if place not in self._heaps:
            self._heaps[place] = self._read(place)
        start, size = self._heaps[place].get(number, (0, -1))
        if size < length:
            raise Hdf5Error("a text in it is missing or cut off")
        return Cursor(self._data, start).take(length)

    def _read(self, place):
        cursor = Cursor(self._data, place)
        cursor.expect(b"GCOL\1\0\0\0", "a text")
        length = cursor.number(8)
        self._seen.add(place, length)
        found = {}
        while cursor.place + 16 <= place + length:
            number = cursor.number(2)
            cursor.take(6)
            size = cursor.number(8)
            if not number:
                break
            found[number] = (cursor.place, size)
            Cursor(self._data, cursor.place + size)
            cursor.place += size + -size % 8
        return found
