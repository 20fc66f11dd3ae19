"""NumPy's arrays and numbers in a pickle, made from their bytes; see `ltzoo.readers.plain_pickle`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ltzoo.readers.plain_pickle import Built, Named, PickleError

_SIZES = {"b1": 1, "u1": 1, "i1": 1, "i2": 2, "i4": 4, "i8": 8, "f2": 2, "f4": 4, "f8": 8}
# NumPy 2 renamed the module.
_CORES = ("numpy.core", "numpy._core")


class PlainArray(Built):
    """An array in a pickle, until `plain` gives it out."""

    def __init__(self, array: np.ndarray | None = None):
        self.array = array

    def build(self, state: Any) -> None:
        """Take (version, shape, dtype, in Fortran's order, bytes)."""
        if self.array is not None or not isinstance(state, tuple) or len(state) != 5:
            raise PickleError("an array has another state than NumPy writes")
        _, shape, kind, fortran, data = state
        self.array = _array(data, kind, shape, "F" if fortran else "C")


class _Kind(Built):
    """The dtype of an array: numbers of 1 to 8 bytes, in the order of this file's writer."""

    def __init__(self, code: str):
        self.code, self.order = code, "<"

    def build(self, state: Any) -> None:
        """Take the state of NumPy's plain numbers: nothing but their byte order."""
        order = state[1] if isinstance(state, tuple) and len(state) == 8 else None
        order = order.decode("latin-1") if isinstance(order, bytes) else order
        wanted = (3, order, None, None, None, -1, -1, 0)
        known = order in ("<", ">", "|") and (order == "|") == (_SIZES[self.code] == 1)
        if not known or state[:1] + state[2:] != wanted[:1] + wanted[2:]:
            raise PickleError("a dtype has another state than plain numbers have")
        self.order = order

    @property
    def dtype(self) -> np.dtype:
        """The dtype, in the byte order of the file."""
        return np.dtype(f"{self.order}{self.code}")


class ArrayNames:
    """The functions that stand for NumPy's names in one pickle.

    Args:
        limit: bytes that decoded texts may have in all; the length of the file.
    """

    def __init__(self, limit: int):
        self._left = limit

    def table(self) -> dict[str, Callable[..., Any] | None]:
        """Return the functions by name, for `read_pickle`."""
        return {
            "numpy.ndarray": None,
            "numpy.dtype": _kind,
            "_codecs.encode": self._encode,
            "__builtin__.bytes": _no_bytes,
            "builtins.bytes": _no_bytes,
            "__builtin__.bytearray": self._bytearray,
            "builtins.bytearray": self._bytearray,
            **{f"{core}.multiarray._reconstruct": _reconstruct for core in _CORES},
            **{f"{core}.multiarray.scalar": _scalar for core in _CORES},
            **{f"{core}.numeric._frombuffer": _from_buffer for core in _CORES},
        }

    def _encode(self, text, encoding="latin1"):
        """Return bytes, which Python 3 writes as text in the protocols 0 to 2."""
        if encoding not in ("latin1", "latin-1") or not isinstance(text, str):
            raise PickleError("a codec other than Latin-1 is not allowed")
        self._left -= len(text)
        if self._left < 0:
            raise PickleError("its texts are larger than the file")
        return text.encode("latin-1")

    def _bytearray(self, data=b"", encoding="latin-1"):
        return data if isinstance(data, bytes) else self._encode(data, encoding)


def plain(value: Any) -> Any:
    """Return a value with the NumPy arrays in it in place of what the reader made.

    Raises:
        PickleError: an array has no data.
    """
    if isinstance(value, PlainArray):
        if value.array is None:
            raise PickleError("an array has no data")
        return value.array
    return value


def _no_bytes(*arguments):
    if arguments:
        raise PickleError("bytes have arguments")
    return b""


def _kind(code, *flags):
    code = code.decode("latin-1") if isinstance(code, bytes) else code
    if (
        not isinstance(code, str)
        or code not in _SIZES
        or len(flags) > 2
        or any(f not in (0, 1) for f in flags)
    ):
        raise PickleError("a dtype is not one of plain numbers")
    return _Kind(code)


def _reconstruct(kind, shape, code):
    if (
        not isinstance(kind, Named)
        or kind.name != "numpy.ndarray"
        or shape != (0,)
        or code not in (b"b", "b")
    ):
        raise PickleError("an array starts in another way than NumPy writes")
    return PlainArray()


def _scalar(kind, data):
    return _array(data, kind, (), "C")[()]


def _from_buffer(data, kind, shape, order="C"):
    return PlainArray(_array(data, kind, shape, order))


def _array(data, kind, shape, order):
    data = data.encode("utf-8") if isinstance(data, str) else data
    if not isinstance(kind, _Kind) or not isinstance(data, bytes) or order not in ("C", "F"):
        raise PickleError("an array is not one of plain numbers")
    if not isinstance(shape, tuple) or len(shape) > 32 or not all(type(n) is int and n >= 0 for n in shape):
        raise PickleError("an array has a shape that is not one")
    if len(data) != math.prod(shape) * _SIZES[kind.code]:
        raise PickleError(f"an array of shape {str(shape)[:100]} has {len(data)} bytes of data")
    values = np.frombuffer(data, np.uint8) != 0 if kind.code == "b1" else np.frombuffer(data, kind.dtype)
    return values.reshape(shape, order=order)
