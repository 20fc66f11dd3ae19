"""Read pickles of plain values without the `pickle` module: nothing in a file is imported, called or given a state.

The reader knows the opcodes of protocols 0 to 5 that build numbers, texts, lists, tuples, sets and dicts. A name such
as `numpy.ndarray` is looked up in a table that the caller gives; its entries are Python functions of this package.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable, Mapping
from typing import Any

# A list of a few million labels or names is large; a file of more opcodes is none that this package reads.
MAX_OPCODES = 20_000_000
_MARK = object()


class PickleError(ValueError):
    """The bytes are not a pickle of plain values; the message says why."""


class Named:
    """A name from the caller's table, as a pickle holds it before it is called.

    Args:
        name: module and name, joined by a dot.
        call: makes the value from the arguments in the pickle; None for a name that is a value itself.
    """

    def __init__(self, name: str, call: Callable[..., Any] | None):
        self.name = name
        self.call = call


class Built:
    """A value that a pickle completes by its opcode BUILD; subclasses check the state."""

    def build(self, state: Any) -> None:
        """Take the state from the pickle.

        Raises:
            PickleError: the state is not the expected one.
        """
        raise NotImplementedError


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
            action = _OPCODES.get(code)
            if action is None:
                raise PickleError(f"opcode {code!r} at byte {self.position - 1} is not that of a plain value")
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
        while self.stack[place] is not _MARK:
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


def _integer(data):
    if len(data) > 64:
        raise PickleError("it has an integer of more than 64 bytes")
    return int.from_bytes(data, "little", signed=True)


def _decimal(line):
    return {b"00": False, b"01": True}[line] if line in (b"00", b"01") else int(line)


def _quoted(line):
    if len(line) < 2 or line[:1] not in (b"'", b'"') or line[-1:] != line[:1]:
        raise PickleError("a text has no quotes")
    # `unicode_escape` on Latin-1 turns each escape into its byte.
    return line[1:-1].decode("unicode_escape").encode("latin-1")


def _text(data):
    return data.decode("utf-8", "surrogatepass")


_OPCODES: dict[bytes, Callable[[_Reader], Any]] = {
    b"\x80": lambda r: r.take(1),
    b"\x95": lambda r: r.take(8),
    b"(": lambda r: r.push(_MARK),
    b"0": lambda r: r.stack.pop(),
    b"1": lambda r: r.after_mark(),
    b"2": lambda r: r.push(r.stack[-1]),
    b"N": lambda r: r.push(None),
    b"\x88": lambda r: r.push(True),
    b"\x89": lambda r: r.push(False),
    b"I": lambda r: r.push(_decimal(r.line(64))),
    b"L": lambda r: r.push(int(r.line(160).rstrip(b"L"))),
    b"J": lambda r: r.push(r.number("<i")),
    b"K": lambda r: r.push(r.number("<B")),
    b"M": lambda r: r.push(r.number("<H")),
    b"\x8a": lambda r: r.push(_integer(r.take(r.number("<B")))),
    b"\x8b": lambda r: r.push(_integer(r.take(r.number("<i")))),
    b"F": lambda r: r.push(float(r.line(64))),
    b"G": lambda r: r.push(r.number(">d")),
    b"S": lambda r: r.python_2(_quoted(r.line())),
    b"T": lambda r: r.python_2(r.take(r.number("<i"))),
    b"U": lambda r: r.python_2(r.take(r.number("<B"))),
    b"V": lambda r: r.push(r.line().decode("raw_unicode_escape")),
    b"X": lambda r: r.push(_text(r.take(r.number("<I")))),
    b"\x8c": lambda r: r.push(_text(r.take(r.number("<B")))),
    b"\x8d": lambda r: r.push(_text(r.take(r.number("<Q")))),
    b"B": lambda r: r.push(r.take(r.number("<I"))),
    b"C": lambda r: r.push(r.take(r.number("<B"))),
    b"\x8e": lambda r: r.push(r.take(r.number("<Q"))),
    b"\x96": lambda r: r.push(r.take(r.number("<Q"))),
    b"]": lambda r: r.push([]),
    b"}": lambda r: r.push({}),
    b")": lambda r: r.push(()),
    b"\x8f": lambda r: r.push(set()),
    b"l": lambda r: r.push(r.after_mark()),
    b"t": lambda r: r.push(tuple(r.after_mark())),
    b"\x85": lambda r: r.push((r.stack.pop(),)),
    b"\x86": lambda r: r.push(tuple(reversed([r.stack.pop() for _ in range(2)]))),
    b"\x87": lambda r: r.push(tuple(reversed([r.stack.pop() for _ in range(3)]))),
    b"a": lambda r: (value := r.stack.pop(), r.top(list).append(value)),
    b"e": lambda r: (values := r.after_mark(), r.top(list).extend(values)),
    b"d": lambda r: (pairs := r.after_mark(), r.push({}), r.set_items(pairs)),
    b"s": lambda r: (pair := [r.stack.pop() for _ in range(2)], r.set_items(pair[::-1])),
    b"u": lambda r: (pairs := r.after_mark(), r.set_items(pairs)),
    b"\x90": lambda r: (items := r.after_mark(), r.add_items(items)),
    b"p": lambda r: r.memo.update({int(r.line(32)): r.stack[-1]}),
    b"q": lambda r: r.memo.update({r.number("<B"): r.stack[-1]}),
    b"r": lambda r: r.memo.update({r.number("<I"): r.stack[-1]}),
    b"\x94": lambda r: r.memo.update({len(r.memo): r.stack[-1]}),
    b"g": lambda r: r.push(r.memo[int(r.line(32))]),
    b"h": lambda r: r.push(r.memo[r.number("<B")]),
    b"j": lambda r: r.push(r.memo[r.number("<I")]),
    b"c": lambda r: r.named(r.line(256).decode(), r.line(256).decode()),
    b"\x93": lambda r: (name := r.stack.pop(), r.named(r.stack.pop(), name)),
    b"R": lambda r: (arguments := r.stack.pop(), r.call(r.stack.pop(), arguments)),
    b"b": lambda r: r.build(),
    b"P": lambda r: r.identified(r.line(256).decode()),
    b"Q": lambda r: r.identified(r.stack.pop()),
}
