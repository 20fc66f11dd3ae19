"""Tensors in PyTorch's pickles, as views of their storages that stay inside."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ltzoo.readers.plain_pickle import Named, PickleError

_KINDS = {
    "Double": "<f8", "Float": "<f4", "Half": "<f2", "BFloat16": "<u2", "Long": "<i8", "Int": "<i4", "Short": "<i2",
    "Char": "i1", "Byte": "u1", "Bool": "u1",
}  # fmt: skip
_MAX_RANK = 16


class Storage:
    """A row of numbers that tensors share.

    Args:
        kind: name of PyTorch's class, such as `torch.FloatStorage`.
        count: how many numbers the file says it has.
        read: returns the bytes.
    """

    def __init__(self, kind: str, count: int, read: Callable[[], bytes]):
        name = kind.removeprefix("torch.").removesuffix("Storage")
        if name not in _KINDS:
            raise PickleError(f"{kind[:100]!r} is not a storage of plain numbers")
        self.kind, self.count, self.name = kind, count, name
        self._read = read

    @property
    def size(self) -> int:
        """Bytes of the numbers."""
        return self.count * np.dtype(_KINDS[self.name]).itemsize

    @functools.cached_property
    def numbers(self) -> np.ndarray:
        """The numbers; bfloat16 as float32, which NumPy has.

        Raises:
            PickleError: the file has more or fewer bytes than it says.
        """
        data = self._read()
        if len(data) != self.size:
            raise PickleError(f"a storage says {self.size} bytes and has {len(data)}")
        numbers = np.frombuffer(data, _KINDS[self.name])
        if self.name == "BFloat16":
            return (numbers.astype(np.uint32) << 16).view(np.float32)
        return numbers != 0 if self.name == "Bool" else numbers


class StoredTensor:
    """A tensor whose numbers are read when `array` is called."""

    def __init__(self, storage: Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]):
        self._storage, self._offset, self._shape, self._strides = storage, offset, shape, strides

    def array(self) -> np.ndarray:
        """Return the numbers.

        Raises:
            PickleError: the data is missing or has another size.
        """
        numbers = self._storage.numbers[self._offset :]
        if 0 in self._shape:
            return np.zeros(self._shape, numbers.dtype)
        strides = [step * numbers.itemsize for step in self._strides]
        return np.lib.stride_tricks.as_strided(numbers, self._shape, strides, writeable=False)


class TensorNames:
    """The functions that stand for PyTorch's names in one file.

    Args:
        limit: bytes that all tensors may have together.
    """

    def __init__(self, limit: int):
        self._left = limit

    def table(self) -> dict[str, Callable[..., Any] | None]:
        """Return the functions by name, for `read_pickle`."""
        kinds = (
            "float64",
            "float32",
            "float16",
            "bfloat16",
            "int64",
            "int32",
            "int16",
            "int8",
            "uint8",
            "bool",
        )
        return {
            **{f"torch.{name}Storage": None for name in _KINDS},
            **{f"torch.{name}": None for name in (*kinds, "Tensor")},
            "torch.nn.parameter.Parameter": None,
            "torch._utils._rebuild_tensor": self._tensor,
            "torch._utils._rebuild_tensor_v2": self._tensor,
            "torch._utils._rebuild_parameter": _first,
            "torch._utils._rebuild_parameter_with_state": _first,
            "torch._tensor._rebuild_from_type_v2": _subclass,
            "torch.Size": tuple,
            "torch.device": _name,
            "torch.serialization._get_layout": _name,
            "collections.OrderedDict": _ordered,
            "collections.Counter": _ordered,
            "builtins.set": _items,
            "__builtin__.set": _items,
        }

    def _tensor(self, storage, offset, shape, strides, *flags):
        if not isinstance(storage, Storage) or not all(map(_is_tuple, (shape, strides))):
            raise PickleError("a tensor has no storage, shape or strides")
        if type(offset) is not int or offset < 0 or len(shape) != len(strides) or len(shape) > _MAX_RANK:
            raise PickleError("a tensor has a wrong offset, shape or strides")
        count = math.prod(shape)
        last = offset + sum((size - 1) * step for size, step in zip(shape, strides, strict=True))
        if count > storage.count or (count and last >= storage.count):
            raise PickleError(
                f"a tensor of shape {str(shape)[:100]} reaches beyond its {storage.count} numbers"
            )
        self._left -= count * storage.size // max(1, storage.count)
        if self._left < 0:
            raise PickleError("its tensors are much larger than the file")
        return StoredTensor(storage, offset, shape, strides)


def _is_tuple(value):
    return isinstance(value, tuple) and all(type(number) is int and number >= 0 for number in value)


def _first(data, *flags):
    return data


def _subclass(function, kind, arguments, state=None):
    if not isinstance(function, Named) or function.call is None or not isinstance(arguments, tuple):
        raise PickleError("a tensor is rebuilt in an unknown way")
    return function.call(*arguments)


def _name(*arguments):
    return ":".join(str(argument)[:20] for argument in arguments)


def _items(items=()):
    if not isinstance(items, (list, tuple)):
        raise PickleError("a set has no items")
    return tuple(items)


def _ordered(items=()):
    if isinstance(items, dict):
        return dict(items)
    pairs = [tuple(item) for item in items if isinstance(item, (list, tuple)) and len(item) == 2]
    if len(pairs) != len(items) or not all(isinstance(key, (str, bytes, int)) for key, _ in pairs):
        raise PickleError("an OrderedDict has other items than pairs of a name and a value")
    return dict(pairs)
