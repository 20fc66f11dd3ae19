"""Damaged copies of a file, the same for the same seed: flipped bits, cuts, and pieces of another file or place."""

import random


def damaged(content: bytes, other: bytes, count: int, seed: int = 0):
    """Yield `count` damaged copies of `content`; a third each are flipped, cut and spliced.

    Half of the flips fall into the first quarter, where most formats keep their structure.
    """
    rng = random.Random(seed)
    for number in range(count):
        copy = bytearray(content)
        kind = number % 3
        if kind == 0:
            for _ in range(rng.choice((1, 1, 2, 8))):
                end = len(copy) if rng.random() < 0.5 else len(copy) // 4
                copy[rng.randrange(end)] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif kind == 1:
            place = rng.randrange(len(copy))
            del copy[place : rng.choice((len(copy), place + rng.randrange(1, 64)))]
        else:
            source = rng.choice((bytes(content), other))
            length = rng.randrange(1, max(2, min(len(source), 1 + rng.choice((8, 64, 512, len(source))))))
            start, place = rng.randrange(len(source) - length + 1), rng.randrange(len(copy))
            piece = source[start : start + length]
            copy[place : place + (length if rng.random() < 0.5 else 0)] = piece
        yield bytes(copy)


def put(path, content: bytes) -> None:
    """Write a file that may exist already: writing over it would wait for the disk."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def differences(one: bytes, two: bytes) -> int:
    """Return how many bytes differ in two texts of one length."""
    return sum(a != b for a, b in zip(one, two, strict=True))
