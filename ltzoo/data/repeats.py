"""The same image more than once: trained on and tested, under two labels, or counted twice."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ltzoo.data.reading_threads import in_order

_FILES = 1024  # Files that a thread looks at at a time: on a network disk each look takes milliseconds.


class Listing(NamedTuple):
    """The images of one split: what identifies each, its label, and a description of where it is from."""

    keys: Sequence[str]
    labels: Sequence[int] | np.ndarray
    place: Callable[[int], str]


def first_paths(paths: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return for each path the first one that leads to the same file.

    Links, hard links and other spellings of a path lead to the same file. Files that are missing are told apart by
    their paths.

    Args:
        paths: paths by split.
    """
    first: dict[object, str] = {}
    found = {}
    for split, listed in paths.items():
        parts = (listed[start : start + _FILES] for start in range(0, len(listed), _FILES))
        own = (identity for part in in_order(_identities, parts) for identity in part)
        found[split] = [first.setdefault(identity, path) for identity, path in zip(own, listed, strict=True)]
    return found


def normal_paths(paths: Sequence[str]) -> list[str]:
    """Return `os.path.normpath` of each path, which is most paths themselves."""
    if os.sep != "/":
        return [os.path.normpath(path) for path in paths]
    return [
        os.path.normpath(path)
        if "//" in path or "/." in path or path.startswith("./") or path.endswith("/")
        else path
        for path in paths
    ]


def keep_together(held_out: np.ndarray, keys: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions that are kept and held out, with every image that is in both parts kept only.

    Args:
        held_out: positions that are held out, in order.
        keys: what identifies the image of each position, kept or held out, `[N]`.
    """
    is_held_out = np.zeros(len(keys), bool)
    is_held_out[held_out] = True
    kept = {key for key, out in zip(keys, is_held_out, strict=True) if not out}
    is_held_out &= np.array([key not in kept for key in keys], bool)
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


def join_groups(groups: np.ndarray | None, keys: Sequence[str]) -> np.ndarray | None:
    """Return groups in which images that share a group or a key are together; None if every image is alone.

    Args:
        groups: the group of each image, `[N]`, or None.
        keys: what identifies the image of each position, `[N]`.

    Returns:
        int64 `[N]`, or None.
    """
    if len(set(keys)) == len(keys):
        return groups
    first = _first_positions(keys)
    own = np.array([first[key] for key in keys], np.int64)
    if groups is None:
        return own
    _, numbers = np.unique(groups, return_inverse=True)
    parent = list(range(int(numbers.max()) + 1))

    def root(group: int) -> int:
        while parent[group] != group:
            parent[group] = group = parent[parent[group]]
        return group

    for position, at in enumerate(own.tolist()):
        parent[root(int(numbers[position]))] = root(int(numbers[at]))
    return np.array([root(group) for group in numbers.tolist()], np.int64)


def repeated_images(listings: Mapping[str, Listing]) -> list[str]:
    """Return one sentence per split with repeated images, each with the number of repeats and an example.

    Args:
        listings: images by split.

    Raises:
        ValueError: a training image has two labels, or is also a validation or test image.
    """
    train = listings["train"]
    first = _first_positions(train.keys)
    for position, key in enumerate(train.keys) if len(first) < len(train.keys) else ():
        if train.labels[position] != train.labels[first[key]]:
            raise ValueError(
                "every image must have one label. "
                f"Received: {key!r} with label {int(train.labels[first[key]])} in {train.place(first[key])} and label "
                f"{int(train.labels[position])} in {train.place(position)}"
            )
    sentences = []
    for split, listing in listings.items():
        shared = [] if split == "train" else [p for p, key in enumerate(listing.keys) if key in first]
        if shared:
            key = listing.keys[shared[0]]
            raise ValueError(
                f"no image may be in the training data and in the {split} data, which would measure what was "
                f"memorized; remove it from one. Received: {len(shared)} of {len(listing.keys)} {split} images that "
                f"are trained on, such as {key!r} in {listing.place(shared[0])} and {train.place(first[key])}"
            )
        own = first if split == "train" else _first_positions(listing.keys)
        alone = len(own) == len(listing.keys)
        repeats = [] if alone else [p for p, key in enumerate(listing.keys) if own[key] != p]
        if repeats:
            sentences.append(
                f"{len(repeats)} of {len(listing.keys)} {split} images are repeats and count again, such as "
                f"{listing.keys[repeats[0]]!r} in {listing.place(repeats[0])}"
            )
    return sentences


def _first_positions(keys: Sequence[str]) -> dict[str, int]:
    positions: dict[str, int] = {}
    for position, key in enumerate(keys):
        positions.setdefault(key, position)
    return positions


def _identities(paths: Sequence[str]) -> list[object]:
    return [_identity(path) for path in paths]


def _identity(path: str) -> object:
    try:
        status = os.stat(path)
    except OSError:
        return os.path.abspath(path)
    # Some file systems do not number their files.
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(path)
