"""Damage to JSON documents, of fixed seeds: flipped and spliced bytes, cut ends, values of another type."""

import copy
import json
import random

VALUES = (
    None, True, -1, 0, 1e9, 10**19, 1e300, "", "x", "../../x", "\x1b[31m", "\ud800", [], [[]], {}, {"name": 5},
    [1] * 50, "a" * 30_000, {"name": "gcl", "epochs": 10**12},
)  # fmt: skip


def damaged(content: dict, number: int):
    """Yield `number` documents as bytes, each damaged in one of four ways."""
    whole = json.dumps(content).encode()
    for seed in range(number):
        rng = random.Random(seed)
        yield (_flip, _cut, _splice, _swap)[seed % 4](rng, whole, content)


def _flip(rng, whole, content):
    changed = bytearray(whole)
    for _ in range(rng.randint(1, 3)):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(rng, whole, content):
    return whole[: rng.randrange(len(whole))]


def _splice(rng, whole, content):
    start, end, place = (rng.randrange(len(whole)) for _ in range(3))
    return whole[:place] + whole[min(start, end) : max(start, end)] + whole[place:]


def _swap(rng, whole, content):
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
