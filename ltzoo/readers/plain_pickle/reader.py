"""The machine that runs the opcodes of a pickle."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Mapping
from typing import Any

from ltzoo.readers.plain_pickle.opcodes import MARK, OPCODES
from ltzoo.readers.plain_pickle.values import Built, Named, PickleError

# A list of a few million labels or names is large; a file of more opcodes is none that this package reads.
MAX_OPCODES = 20_000_000


def read_pickle(
    data: bytes,
    names: Mapping[str, Callable[..., Any] | None],
    start: int = 0,
    persistent: Callable[[Any], Any] | None = None,
    encoding: str | None = None,
) -> tuple[Any, int]:
    """Read one pickle.

    Args:
        data: the bytes of the file.
        names: the functions that stand for the names in the pickle, by `module.name`.
        start: where the pickle starts.
        persistent: makes a value from a persistent identifier; None refuses them.
        encoding: decodes byte strings of Python 2 where they are valid; None keeps them as bytes.

    Returns:
        the value, and the position after the pickle.

    Raises:
        PickleError: the pickle is damaged, or it holds anything but plain values and `names`.
    """
    reader = _Reader(data, start, names, persistent, encoding)
    try:
        return reader.run(), reader.position
    except PickleError:
        raise
    except (ArithmeticError, IndexError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise PickleError(f"the pickle is damaged near byte {reader.position}") from error


class _Reader:
    def __init__(self, data, start, names, persistent, encoding):
        self.data = data
        self.position = start
        self.names = names
        self.persistent = persistent
        self.encoding = encoding
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self):
        for _ in range(MAX_OPCODES):
            code = self.take(1)
            if code == b".":
                return self.stack.pop()
            action = OPCODES.get(code)
            if action is None:
                raise PickleError(f"opcode {code!r} at byte {self.position - 1} is not one of a plain value")
            action(self)
        raise PickleError(f"it has more than {MAX_OPCODES} opcodes")

    def take(self, count):
        end = self.position + count
        if count < 0 or end > len(self.data):
            raise PickleError("the pickle is cut off")
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def number(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def line(self, limit=None):
        end = self.data.find(b"\n", self.position)
        if end < 0 or (limit is not None and end - self.position > limit):
            raise PickleError("the pickle is cut off")
        return self.take(end + 1 - self.position)[:-1]

    def push(self, value):
        self.stack.append(value)

    def python_2(self, value):
        """Push a byte string of Python 2."""
        if self.encoding is not None:
            with contextlib.suppress(UnicodeDecodeError):  # The data of an array stays bytes.
                value = value.decode(self.encoding)
        self.push(value)

    def after_mark(self):
        place = len(self.stack) - 1
        while self.stack[place] is not MARK:
            place -= 1
            if place < 0:
                raise PickleError("the pickle has no mark where it needs one")
        values = self.stack[place + 1 :]
        del self.stack[place:]
        return values

    def named(self, module, name):
        full = f"{module}.{name}"
        if full not in self.names:
            raise PickleError(f"{full[:100]!r} is not allowed; only plain values are")
        self.push(Named(full, self.names[full]))

    def call(self, named, arguments):
        if not isinstance(named, Named) or named.call is None or not isinstance(arguments, tuple):
            raise PickleError("it calls what is not a function")
        self.push(named.call(*arguments))

    def top(self, kind):
        if not isinstance(self.stack[-1], kind):
            raise PickleError("the pickle is damaged: it adds to a value of another type")
        return self.stack[-1]

    def build(self):
        state = self.stack.pop()
        if isinstance(self.stack[-1], dict):
            return  # Attributes of an OrderedDict, such as PyTorch's `_metadata`.
        self.top(Built).build(state)

    def set_items(self, pairs):
        target = self.top(dict)
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not isinstance(key, (str, bytes, int)) or (isinstance(key, int) and abs(key) >= 1 << 60):
                raise PickleError(f"a dict has a key of type {type(key).__name__}")
            target[key] = value

    def add_items(self, items):
        target = self.top(set)
        if not all(isinstance(item, (str, bytes, int)) for item in items):
            raise PickleError("a set has items that are neither texts nor integers")
        target.update(items)

    def identified(self, identifier):
        if self.persistent is None:
            raise PickleError("it has persistent identifiers")
        self.push(self.persistent(identifier))
