"""Damaged copies of a file, the same for the same seed: flipped bits, cuts, and pieces of another file or place."""

import copy
import json
import random

VALUES = (
    None, True, -1, 0, 1e9, 10**19, 1e300, "", "x", "../../x", "\x1b[31m", "\ud800", [], [[]], {}, {"name": 5},
    [1] * 50, "a" * 30_000, {"name": "gcl", "epochs": 10**12},
)  # fmt: skip


def damaged(content: bytes, other: bytes, count: int, seed: int = 0):
    """Yield `count` damaged copies of `content`; a third each are flipped, cut and spliced.

    Half of the flips fall into the first quarter, where most formats keep their structure.
    """
    rng = random.Random(seed)
    for number in range(count):
        changed = bytearray(content)
        kind = number % 3
        if kind == 0:
            for _ in range(rng.choice((1, 1, 2, 8))):
                end = len(changed) if rng.random() < 0.5 else len(changed) // 4
                changed[rng.randrange(end)] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif kind == 1:
            place = rng.randrange(len(changed))
            del changed[place : rng.choice((len(changed), place + rng.randrange(1, 64)))]
        else:
            source = rng.choice((bytes(content), other))
            length = rng.randrange(1, max(2, min(len(source), 1 + rng.choice((8, 64, 512, len(source))))))
            start, place = rng.randrange(len(source) - length + 1), rng.randrange(len(changed))
            piece = source[start : start + length]
            changed[place : place + (length if rng.random() < 0.5 else 0)] = piece
        yield bytes(changed)


def damaged_json(content: dict, count: int):
    """Yield `count` documents as bytes: every fourth has a value of another type, the others damaged bytes."""
    whole = json.dumps(content).encode()
    texts = damaged(whole, whole, count)
    for seed in range(count):
        yield next(texts) if seed % 4 else _swap(random.Random(seed), content)


def put(path, content: bytes) -> None:
    """Write a file that may exist already: writing over it would wait for the disk."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def differences(one: bytes, two: bytes) -> int:
    """Return how many bytes differ in two texts of one length."""
    return sum(a != b for a, b in zip(one, two, strict=True))


def _swap(rng, content):
    """Replace, remove or rename a value at a random place."""
    changed = copy.deepcopy(content)
    places = list(_places(changed))
    holder, key = rng.choice(places)
    action = rng.randrange(6)
    if action == 0:
        del holder[key]
    elif action == 1 and isinstance(holder, dict):
        holder[f"{key}x"] = holder.pop(key)
    else:
        holder[key] = rng.choice(VALUES)
    return json.dumps(changed).encode()


def _places(value):
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, entry in list(entries):
        yield value, key
        if isinstance(entry, (dict, list)):
            yield from _places(entry)
