"""The opcodes of plain values, by their byte: each takes its argument from a reader and changes its stack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ltzoo.readers.plain_pickle.values import PickleError

MARK = object()


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


OPCODES: dict[bytes, Callable[[Any], Any]] = {
    b"\x80": lambda r: r.take(1),
    b"\x95": lambda r: r.take(8),
    b"(": lambda r: r.push(MARK),
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
