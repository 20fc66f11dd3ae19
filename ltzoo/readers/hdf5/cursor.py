"""Bytes of an HDF5 file, read without leaving it."""

from __future__ import annotations

UNDEFINED = (1 << 64) - 1


class Hdf5Error(ValueError):
    """A file is no HDF5 file of plain numbers as Keras writes it; the message says why."""


class Cursor:
    """A place in the bytes of a file, or of one message in it.

    Args:
        data: the bytes.
        place: where to read first.
    """

    def __init__(self, data: bytes, place: int = 0):
        if not 0 <= place <= len(data):
            raise Hdf5Error("an address in it is outside of the file")
        self.data, self.place = data, place

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        end = self.place + count
        if count < 0 or end > len(self.data):
            raise Hdf5Error("it is cut off")
        taken = self.data[self.place : end]
        self.place = end
        return taken

    def number(self, count: int) -> int:
        """Return an unsigned little-endian number of `count` bytes."""
        return int.from_bytes(self.take(count), "little")

    def expect(self, text: bytes, what: str) -> None:
        """Pass over bytes that must be there."""
        if self.take(len(text)) != text:
            raise Hdf5Error(f"{what} is damaged")

    def align(self, start: int) -> None:
        """Pass over bytes up to a multiple of 8 after `start`."""
        self.take(-(self.place - start) % 8)


def text_at(data: bytes, place: int) -> str:
    """Return the text at a place, up to its zero byte."""
    end = data.find(b"\0", place)
    if not 0 <= place < len(data) or end < 0:
        raise Hdf5Error("a name in it is cut off")
    try:
        return data[place:end].decode("utf-8")
    except UnicodeDecodeError as error:
        raise Hdf5Error("a name in it is not UTF-8") from error
