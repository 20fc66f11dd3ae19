"""Object headers: the messages that describe a group or a dataset."""

from __future__ import annotations

from collections import defaultdict

from ltzoo.readers.hdf5.cursor import Cursor, Hdf5Error

# Names of the messages, by their type.
SHAPE, KIND, LINK, LAYOUT, FILTERS, ATTRIBUTE, LINKS, MEMBERS = 1, 3, 6, 8, 11, 12, 2, 17
_CONTINUATION = 16
_REFUSED = {
    7: "external storage, which would read other files",
    15: "shared messages",
    20: "a driver of its own",
}
_SHARED = 2


class Seen:
    """Places that were read already: each is read once, so nothing in a file goes in circles or is read in many ways.

    Args:
        size: bytes of the file.
    """

    def __init__(self, size: int):
        self._places: set[int] = set()
        self._left = size

    def add(self, place: int, length: int) -> None:
        """Note a place and how many bytes are read there.

        Raises:
            Hdf5Error: the place was noted before, or all places together have more bytes than the file.
        """
        if place in self._places:
            raise Hdf5Error("two links or addresses in it lead to the same place")
        self._places.add(place)
        self._left -= length
        if self._left < 0:
            raise Hdf5Error("parts of it overlap")


def messages(data: bytes, place: int, seen: Seen) -> dict[int, list[bytes]]:
    """Return the messages of the object at a place, by their type.

    Raises:
        Hdf5Error: the header is damaged, has another version than Keras's files, or shares parts or data.
    """
    cursor = Cursor(data, place)
    if data[place : place + 4] == b"OHDR":
        raise Hdf5Error("it is written in a newer form of HDF5 than Keras writes")
    cursor.expect(b"\1\0", "an object header")
    left = cursor.number(2)
    cursor.take(4)  # The number of links to the object.
    blocks = [(place + 16, cursor.number(4))]
    seen.add(place, blocks[0][1])
    found: dict[int, list[bytes]] = defaultdict(list)
    while blocks and left:
        start, length = blocks.pop(0)
        block = Cursor(Cursor(data, start).take(length))
        while left and len(block.data) - block.place >= 8:
            left -= 1
            kind, size, flags = block.number(2), block.number(2), block.number(1)
            block.take(3)
            content = block.take(size)
            if kind in _REFUSED:
                raise Hdf5Error(f"it has {_REFUSED[kind]}")
            if flags & _SHARED and kind in (SHAPE, KIND, LAYOUT, FILTERS):
                raise Hdf5Error("it shares the description of a dataset")
            if kind == _CONTINUATION:
                more = Cursor(content)
                blocks.append((more.number(8), more.number(8)))
                seen.add(*blocks[-1])
            else:
                found[kind].append(content)
    return found
