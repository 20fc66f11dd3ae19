"""Groups of images that are the same, by content or by what they show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from ltzoo.data.auditing.findings import Finding
from ltzoo.data.auditing.fingerprints import (
    COARSE,
    FINE,
    TURNS,
    Pairs,
    fingerprints,
    similar_pairs,
    turned,
)
from ltzoo.data.auditing.images import ImageList
from ltzoo.data.auditing.scan import Scan

CANDIDATE = 0.9
"""Least similarity of coarse fingerprints of pairs that are compared more closely."""

SURE = 0.99
"""Similarity of fine fingerprints from which a pair is the same image in any case."""

LEAST = 0.95
"""Least similarity of near duplicates."""

LEAST_TURNED = 0.98
"""Least similarity of near duplicates that are mirrored or turned; each of the seven turns may fit by chance."""

STANDS_OUT = 0.5
"""A pair below `SURE` must be this many times closer than each image is to its fourth nearest neighbor.

In collections whose images all look alike, such as cells of solar panels, being alike then means nothing.
"""

_NEIGHBOR = 4
_DETAIL = 0.6  # Frequencies per pixel of an image that survive when it is saved again.
_FEWEST = 6
_PAIRS = 32_768


def exact_groups(scan: Scan) -> list[list[int]]:
    """Return the positions of files with equal content, in groups of two or more."""
    found = defaultdict(list)
    for position, digest in enumerate(scan.digests):
        if digest:
            found[digest].append(position)
    return [group for group in found.values() if len(group) > 1]


def near_pairs(scan: Scan, exact: Iterable[list[int]]) -> Pairs:
    """Return pairs of positions of near duplicates; of exact duplicates the first stands for all.

    Pairs come from coarse fingerprints (8 x 8 frequencies), in all eight mirrored and turned positions. Fine ones (16 x
    16), up to the frequencies that the smaller image has, decide by `SURE`, `LEAST`, `LEAST_TURNED` and `STANDS_OUT`.

    Args:
        scan: the images.
        exact: groups of exact duplicates.
    """
    alone = scan.readable & ~scan.blank
    for group in exact:
        alone[group[1:]] = False
    chosen = np.flatnonzero(alone)
    pairs = similar_pairs(fingerprints(scan.thumbnails, COARSE, chosen), CANDIDATE)
    if not len(pairs.first):
        return pairs
    sides = scan.sizes[chosen].min(axis=1)
    smaller = np.minimum(sides[pairs.first], sides[pairs.second])
    detail = np.clip(np.rint(_DETAIL * smaller), _FEWEST, FINE)
    similarity = _similarity(scan.thumbnails, chosen, pairs, detail)
    crowd = _fourth_neighbors(pairs, similarity, len(chosen))
    nearest = np.maximum(crowd[pairs.first], crowd[pairs.second])
    least = np.where(pairs.turn > 0, LEAST_TURNED, LEAST)
    kept = (similarity >= SURE) | ((similarity >= least) & (1 - similarity <= STANDS_OUT * (1 - nearest)))
    return Pairs(chosen[pairs.first[kept]], chosen[pairs.second[kept]], similarity[kept], pairs.turn[kept])


def duplicates(images: ImageList, scan: Scan, exact: list[list[int]], near: Pairs) -> list[Finding]:
    """Return a finding per group of exact duplicates, and per group of near duplicates.

    The images of a group are in the order in which they are worth keeping: those of the test split first, then those of
    the validation split, in a split the largest.

    Args:
        images: all images.
        scan: what was found of them.
        exact: groups of exact duplicates.
        near: pairs of near duplicates.
    """
    pixels = scan.sizes.prod(axis=1)

    def ordered(group: Iterable[int]) -> list[int]:
        return sorted(group, key=lambda p: (-int(images.splits[p]), -int(pixels[p]), p))

    findings = [_finding(images, "exact_duplicates", ordered(group), 1.0, "") for group in exact]
    copies = {group[0]: group for group in exact}
    groups = defaultdict(list)
    labels = joined(len(images), near)
    for first, second, similarity, turn in zip(*near, strict=True):
        groups[int(labels[first])].append((int(first), int(second), float(similarity), TURNS[int(turn)]))
    for pairs in groups.values():
        members = {p for pair in pairs for one in pair[:2] for p in copies.get(one, [one])}
        turns = [turn for *_, turn in pairs if turn]
        least = min(similarity for _, _, similarity, _ in pairs)
        findings.append(
            _finding(images, "near_duplicates", ordered(members), least, turns[0] if turns else "")
        )
    return findings


def joined(count: int, near: Pairs, exact: Iterable[list[int]] = ()) -> np.ndarray:
    """Return a number per image, equal for images that near or exact duplicates join, int `[N]`."""
    parent = list(range(count))

    def root(position: int) -> int:
        while parent[position] != position:
            parent[position] = position = parent[parent[position]]
        return position

    links = list(zip(near.first.tolist(), near.second.tolist(), strict=True))
    for group in exact:
        links += [(group[0], other) for other in group[1:]]
    for first, second in links:
        parent[root(second)] = root(first)
    return np.asarray([root(position) for position in range(count)], np.int64)


def _finding(images: ImageList, kind: str, group: list[int], similarity: float, turn: str) -> Finding:
    classes = sorted({images.class_of(p) for p in group})
    splits = sorted({images.split(p) for p in group}, key=lambda name: ("train", "val", "test").index(name))
    where = []
    if len(splits) > 1:
        where.append(f"in {' and '.join(splits)}")
    if len(classes) > 1:
        where.append(f"in the classes {', '.join(map(repr, classes))}")
    same = "have the same content" if kind == "exact_duplicates" else "show the same"
    text = f"{len(group)} images {same}{', ' if where else ''}{', '.join(where)}"
    text += f" ({turn})" if turn else ""
    facts = {"splits": splits, "classes": classes, "similarity": round(similarity, 4), "turn": turn}
    severity = 2.0 * (len(splits) > 1) + 1.0 * (len(classes) > 1)
    return Finding(kind, text, tuple(group), severity + similarity, facts)


def _similarity(thumbnails: np.ndarray, chosen: np.ndarray, pairs: Pairs, detail: np.ndarray) -> np.ndarray:
    """Return the cosine of the fine fingerprints of each pair in its lowest frequencies, `[P]`.

    Args:
        thumbnails: of all images.
        chosen: positions of the images that the pairs count.
        pairs: the pairs.
        detail: how many frequencies of each pair are compared, in each direction, `[P]`.
    """
    involved, place = np.unique(np.stack([pairs.first, pairs.second]), return_inverse=True)
    first, second = place.reshape(2, -1)
    rows = fingerprints(thumbnails, FINE, chosen[involved], chosen)
    similarity = np.zeros(len(first), "float32")
    frequency = np.arange(FINE)
    for limit in np.unique(detail):
        own = np.flatnonzero(detail == limit)
        low = np.flatnonzero(np.maximum.outer(frequency, frequency).reshape(-1) < limit)
        for start in range(0, len(own), _PAIRS):
            part = own[start : start + _PAIRS]
            similarity[part] = _cosines(rows, first[part], second[part], pairs.turn[part], low)
    return similarity


def _cosines(
    rows: np.ndarray, first: np.ndarray, second: np.ndarray, turn: np.ndarray, low: np.ndarray
) -> np.ndarray:
    """Return the cosine of each pair in the numbers at `low`, with the first image turned."""
    one, other = rows[first], rows[second][:, low]
    for number in np.unique(turn):
        one[turn == number] = turned(one[turn == number], int(number))
    one = one[:, low]
    lengths = np.sqrt(np.square(one).sum(axis=1) * np.square(other).sum(axis=1))
    return (one * other).sum(axis=1) / np.maximum(lengths, 1e-12)


def _fourth_neighbors(pairs: Pairs, similarity: np.ndarray, count: int) -> np.ndarray:
    """Return the similarity of each image's fourth nearest neighbor; `CANDIDATE` where it has fewer, `[N]`."""
    image = np.concatenate([pairs.first, pairs.second])
    values = np.concatenate([similarity, similarity])
    order = np.lexsort((-values, image))
    image, values = image[order], values[order]
    rank = np.arange(len(image)) - np.searchsorted(image, image)
    found = np.full(count, CANDIDATE, "float32")
    fourth = rank == _NEIGHBOR - 1
    found[image[fourth]] = values[fourth]
    return found
