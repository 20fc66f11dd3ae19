"""Members of a group: hard links by name, in the two forms that h5py writes."""

from __future__ import annotations

from collections.abc import Iterator

from ltzoo.readers.hdf5.cursor import UNDEFINED, Cursor, Hdf5Error, text_at
from ltzoo.readers.hdf5.header import LINK, LINKS, MEMBERS, Seen

_SOFT, _EXTERNAL = 1, 64
_MAX_LEVELS = 16


def members(data: bytes, found: dict[int, list[bytes]], seen: Seen) -> Iterator[tuple[str, int]]:
    """Yield the name and the address of each member of a group.

    Args:
        data: the file.
        found: the messages of the group.
        seen: places that were read already.

    Raises:
        Hdf5Error: a link is soft or external, or the group is damaged.
    """
    for message in found.get(MEMBERS, ()):
        cursor = Cursor(message)
        tree, heap = cursor.number(8), cursor.number(8)
        yield from _of_tree(data, tree, _heap(data, heap, seen), seen)
    for message in found.get(LINKS, ()):
        cursor = Cursor(message)
        cursor.expect(b"\0", "a group")
        cursor.take(8 if cursor.number(1) & 1 else 0)
        if cursor.number(8) != UNDEFINED:
            raise Hdf5Error("it stores links in another way than Keras")
    for message in found.get(LINK, ()):
        yield _of_message(message)


def _heap(data, place, seen):
    """Return the names of a group as one text."""
    cursor = Cursor(data, place)
    cursor.expect(b"HEAP\0\0\0\0", "a list of names")
    size = cursor.number(8)
    seen.add(place, size)
    cursor.take(8)
    return Cursor(data, cursor.number(8)).take(size)


def _of_tree(data, place, names, seen, level=None):
    seen.add(place, 0)
    cursor = Cursor(data, place)
    cursor.expect(b"TREE\0", "a group")
    found, count = cursor.number(1), cursor.number(2)
    if found > _MAX_LEVELS or (level is not None and found != level - 1):
        raise Hdf5Error("a group is damaged")
    cursor.take(16)
    for _ in range(count):
        cursor.take(8)
        child = cursor.number(8)
        if found:
            yield from _of_tree(data, child, names, seen, found)
        else:
            yield from _of_node(data, child, names, seen)


def _of_node(data, place, names, seen):
    seen.add(place, 0)
    cursor = Cursor(data, place)
    cursor.expect(b"SNOD\1\0", "a group")
    for _ in range(cursor.number(2)):
        name, address, kind = cursor.number(8), cursor.number(8), cursor.number(4)
        cursor.take(20)
        if kind == 2:
            raise Hdf5Error(f"it has a soft link, {text_at(names, name)[:100]!r}")
        yield text_at(names, name), address


def _of_message(message):
    cursor = Cursor(message)
    cursor.expect(b"\1", "a link")
    flags = cursor.number(1)
    kind = cursor.number(1) if flags & 8 else 0
    cursor.take((8 if flags & 4 else 0) + (1 if flags & 16 else 0))
    name = text_at(cursor.take(cursor.number(1 << (flags & 3))) + b"\0", 0)
    if kind:
        sort = {_SOFT: "a soft", _EXTERNAL: "an external"}.get(kind, "an unknown")
        raise Hdf5Error(f"it has {sort} link, {name[:100]!r}")
    return name, cursor.number(8)
