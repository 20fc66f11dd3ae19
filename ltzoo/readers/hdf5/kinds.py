"""Types and shapes of datasets: numbers that Keras's variables have, and text."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from ltzoo.readers.hdf5.cursor import Cursor, Hdf5Error

_MAX_RANK = 16
_MAX_ELEMENTS = 1 << 48
# Mantissa, exponent and bias of the floating-point numbers, by size.
_FLOATS = {2: (10, 5, 15), 4: (23, 8, 127), 8: (52, 11, 1023)}
_CLASSES = {
    2: "times",
    4: "bit fields",
    6: "compound values",
    7: "references",
    8: "enumerations",
    10: "arrays",
}


@dataclasses.dataclass(frozen=True)
class Kind:
    """The type of a dataset's elements.

    Attributes:
        dtype: numbers; None for text.
        size: bytes of an element.
        boolean: whether the numbers are truth values.
        opaque: whether the numbers are bytes without a meaning, as which h5py writes bfloat16.
        variable: whether a text is stored in a heap.
    """

    dtype: np.dtype | None
    size: int
    boolean: bool = False
    opaque: bool = False
    variable: bool = False


def kind_of(message: bytes) -> Kind:
    """Return the type that a message describes.

    Raises:
        Hdf5Error: it is neither a plain number of this size nor text.
    """
    cursor = Cursor(message)
    first, bits, size = cursor.number(1), cursor.number(3), cursor.number(4)
    group = first & 15
    if group == 0 and size in (1, 2, 4, 8):
        if bits & ~8 or (cursor.number(2), cursor.number(2)) != (0, 8 * size):
            raise Hdf5Error("it has integers of an unusual form")
        return Kind(np.dtype(f"<{'i' if bits & 8 else 'u'}{size}"), size)
    if group == 1 and size in _FLOATS:
        mantissa, exponent, bias = _FLOATS[size]
        form = [cursor.number(2), cursor.number(2), *(cursor.number(1) for _ in range(4)), cursor.number(4)]
        usual = [0, 8 * size, mantissa, exponent, 0, mantissa, bias]
        if form != usual or bits & ~0xFF00 != 0x20 or bits >> 8 != 8 * size - 1:
            raise Hdf5Error("it has floating-point numbers of an unusual form")
        return Kind(np.dtype(f"<f{size}"), size)
    if group == 3 and size > 0:
        return Kind(None, size)
    if group == 9 and bits & 15 == 1 and size == 16:
        return Kind(None, size, variable=True)
    if group == 5 and size == 2:
        return Kind(np.dtype("<u2"), size, opaque=True)
    if group == 8 and size == 1 and bits & 0xFFFF == 2 and b"FALSE\0" in message and b"TRUE\0" in message:
        return Kind(np.dtype("u1"), size, boolean=True)
    raise Hdf5Error(f"it has {_CLASSES.get(group, f'elements of class {group} and {size} bytes')}")


def shape_of(message: bytes) -> tuple[int, ...]:
    """Return the shape that a message describes.

    Raises:
        Hdf5Error: there are too many axes, or no values at all.
    """
    cursor = Cursor(message)
    version, rank, flags, form = (cursor.number(1) for _ in range(4))
    if version not in (1, 2) or rank > _MAX_RANK or flags & ~1 or (version == 2 and form == 2):
        raise Hdf5Error("it has a dataset without a usual shape")
    cursor.take(4 if version == 1 else 0)
    shape = tuple(cursor.number(8) for _ in range(rank))
    if math.prod(filter(None, shape)) > _MAX_ELEMENTS:
        raise Hdf5Error(f"it has a dataset of shape {shape}")
    return shape
