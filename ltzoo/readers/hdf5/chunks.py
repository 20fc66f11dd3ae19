"""Values in chunks, perhaps compressed with gzip after a shuffle of their bytes."""

from __future__ import annotations

import itertools
import math
import zlib

import numpy as np

from ltzoo.readers.hdf5.cursor import Cursor, Hdf5Error

_GZIP, _SHUFFLE = 1, 2
_NAMES = {3: "fletcher32", 4: "szip", 5: "nbit", 6: "scaleoffset", 32000: "lzf"}
_MAX_LEVELS = 16
# Bytes that each chunk needs in the tree.
_LEAST = 24


def read_chunks(
    data: bytes, tree: int, shape: tuple[int, ...], size: int, chunk: tuple[int, ...], filters: list[bytes]
) -> memoryview:
    """Return the bytes of a dataset in row-major order.

    Args:
        data: the file.
        tree: address of the tree of chunks.
        shape: shape of the dataset.
        size: bytes of an element.
        chunk: shape of a chunk, and the bytes of an element.
        filters: the message that describes the filters, if any.

    Raises:
        Hdf5Error: a chunk is missing, is there twice or is damaged, or a filter is not known.
    """
    if len(chunk) != len(shape) + 1 or chunk[-1] != size or 0 in chunk:
        raise Hdf5Error("it has chunks of a wrong shape")
    if 0 in shape:
        return memoryview(b"")
    if math.prod(chunk) > max(1 << 16, 8 * math.prod(shape) * size):
        raise Hdf5Error("it has chunks much larger than their dataset")
    order = [number for message in filters for number in _filters(message)]
    if math.prod(-(-n // step) for n, step in zip(shape, chunk[:-1], strict=True)) > len(data) // _LEAST:
        raise Hdf5Error(f"it has a dataset of shape {shape} without its chunks")
    starts = set(itertools.product(*(range(0, n, step) for n, step in zip(shape, chunk[:-1], strict=True))))
    left = len(data)
    values = np.empty((*shape, size), np.uint8)
    for start, mask, raw in _nodes(data, tree, len(shape), set()):
        if start not in starts:
            raise Hdf5Error("it has a chunk outside of its dataset or twice")
        starts.remove(start)
        left -= len(raw)
        if left < 0:
            raise Hdf5Error("its chunks overlap")
        block = np.frombuffer(_unpack(raw, order, mask, size, math.prod(chunk)), np.uint8).reshape(chunk)
        inside = tuple(slice(0, n - first) for n, first in zip(shape, start, strict=True))
        outside = tuple(slice(first, first + step) for first, step in zip(start, chunk[:-1], strict=True))
        values[outside] = block[inside]
    if starts:
        raise Hdf5Error(f"it has a dataset of shape {shape} without {len(starts)} of its chunks")
    return values.reshape(-1).data


def _filters(message):
    cursor = Cursor(message)
    version, count = cursor.number(1), cursor.number(1)
    cursor.take(6 if version == 1 else 0)
    for _ in range(count):
        kind = cursor.number(2)
        if kind not in (_GZIP, _SHUFFLE):
            raise Hdf5Error(f"it uses the filter {_NAMES.get(kind, kind)}; gzip and shuffle are known")
        name = cursor.number(2) if version == 1 else 0
        cursor.take(2)
        values = cursor.number(2)
        cursor.take(name + 4 * values + (4 if version == 1 and values % 2 else 0))
        yield kind


def _nodes(data, place, rank, seen, level=None):
    """Yield the start, the mask of skipped filters and the bytes of each chunk."""
    if place in seen:
        raise Hdf5Error("its chunks go in circles")
    seen.add(place)
    cursor = Cursor(data, place)
    cursor.expect(b"TREE\1", "a list of chunks")
    found, count = cursor.number(1), cursor.number(2)
    if found > _MAX_LEVELS or (level is not None and found != level - 1):
        raise Hdf5Error("a list of chunks is damaged")
    cursor.take(16)
    for _ in range(count):
        length, mask = cursor.number(4), cursor.number(4)
        start = tuple(cursor.number(8) for _ in range(rank + 1))[:-1]
        child = cursor.number(8)
        if found:
            yield from _nodes(data, child, rank, seen, found)
        else:
            yield start, mask, Cursor(data, child).take(length)


def _unpack(raw, order, mask, size, wanted):
    for place in reversed(range(len(order))):
        if mask >> place & 1:
            continue
        if order[place] == _GZIP:
            try:
                raw = zlib.decompressobj().decompress(raw, wanted + 1)
            except zlib.error as error:
                raise Hdf5Error("it has a chunk whose gzip data is damaged") from error
        elif len(raw) % size == 0:
            raw = np.frombuffer(raw, np.uint8).reshape(size, -1).T.tobytes()
    if len(raw) != wanted:
        raise Hdf5Error(f"it has a chunk of {len(raw)} bytes where {wanted} belong")
    return raw
