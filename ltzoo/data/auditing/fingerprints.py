"""Perceptual fingerprints: images that show the same have fingerprints that point the same way.

A fingerprint holds the lowest frequencies of a gray thumbnail's cosine transform, as the perceptual hash "pHash" does.
Brightness (the constant term) and contrast (the length) are dropped. Unlike the 64 bits of pHash they stay numbers, and
are centered and scaled by their mean and spread in the collection. So white backgrounds that all images share do not
make them alike. A mirror image or a quarter turn changes signs and order of the numbers only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ltzoo.phases import phase

COARSE = 8
"""Frequencies in each direction of the fingerprints that are compared for all pairs."""

FINE = 16
"""Frequencies in each direction of the fingerprints that decide."""

TURNS = (
    "",
    "mirrored",
    "upside down and mirrored",
    "upside down",
    "transposed",
    "turned by 90°",
    "turned by 270°",
    "transposed and upside down",
)
"""How one image must be turned to show the other, by the number that `turned` takes."""

_BLOCK = 256
_COLUMNS = 8192
_KEPT = 8  # Nearest neighbors per image and block of columns.
_ENOUGH = 24  # Images whose mean and spread are worth something.


class Pairs(NamedTuple):
    """Pairs of similar rows.

    Attributes:
        first, second: positions, first < second, `[P]`.
        similarity: cosine, `[P]`.
        turn: index into `TURNS`: how the first image must be turned to show the second, `[P]`.
    """

    first: np.ndarray
    second: np.ndarray
    similarity: np.ndarray
    turn: np.ndarray


def fingerprints(thumbnails: np.ndarray, frequencies: int = COARSE) -> np.ndarray:
    """Return a fingerprint of unit length per image, float32 `[N, frequencies²]`; zeros for images of one color.

    Args:
        thumbnails: gray thumbnails, uint8 `[N, side, side]`.
        frequencies: numbers in each direction, at most the side.
    """
    count, side = len(thumbnails), thumbnails.shape[1]
    places = (np.arange(side) + 0.5) * np.pi / side
    transform = np.cos(np.arange(frequencies)[:, None] * places).astype("float32")
    numbers = np.zeros((count, frequencies, frequencies), "float32")
    for start in range(0, count, _COLUMNS):
        part = thumbnails[start : start + _COLUMNS].astype("float32")
        numbers[start : start + _COLUMNS] = transform @ part @ transform.T
    numbers[:, 0, 0] = 0
    flat = np.abs(numbers).max(axis=(1, 2)) < 1e-2 * side if count else np.zeros(0, bool)
    numbers = _unit(numbers)
    if count >= _ENOUGH:
        # Mean and spread of the images and all their turned copies, so that turning still only moves the numbers.
        even = np.arange(frequencies) % 2 == 0
        mean = numbers.mean(axis=0) * np.outer(even, even)
        numbers -= (mean + mean.T) / 2
        spread = np.square(numbers).mean(axis=0)
        numbers = _unit(numbers / np.sqrt((spread + spread.T) / 2 + 1e-8))
    numbers[flat] = 0
    return numbers.reshape(count, frequencies**2)


def turned(prints: np.ndarray, turn: int) -> np.ndarray:
    """Return the fingerprints `[N, frequencies²]` of images that are turned.

    Args:
        prints: fingerprints.
        turn: sum of 4 (transposed), then 2 (upside down) and 1 (mirrored).
    """
    frequencies = round(prints.shape[1] ** 0.5)
    numbers = prints.reshape(-1, frequencies, frequencies)
    signs = (-1.0) ** np.arange(frequencies, dtype="float32")
    if turn & 4:
        numbers = numbers.transpose(0, 2, 1)
    if turn & 2:
        numbers = numbers * signs[:, None]
    if turn & 1:
        numbers = numbers * signs
    return numbers.reshape(len(prints), -1)


def similar_pairs(rows: np.ndarray, least: float, turns: int = len(TURNS)) -> Pairs:
    """Return the pairs of rows whose cosine, in the best of the turns, is at least `least`.

    All pairs are compared, in blocks: the time is quadratic in N, the memory is not. Each image keeps its most similar
    neighbors only, a few per block.

    Args:
        rows: rows of unit length, `[N, D]`; rows of zeros are in no pair.
        least: the least cosine, above 0.
        turns: number of `TURNS` to try; 1 compares any features as they are.
    """
    count, found = len(rows), []
    with phase("comparing images", count) as comparing:
        for start in range(0, count, _BLOCK):
            block = rows[start : start + _BLOCK]
            copies = np.concatenate([turned(block, turn) if turn else block for turn in range(turns)])
            for column in range(start, count, _COLUMNS):
                cosines = (copies @ rows[column : column + _COLUMNS].T).reshape(turns, len(block), -1)
                best = cosines.max(axis=0)
                if column == start:  # Each pair once, and no image with itself.
                    best[np.tril_indices(len(block), 0, best.shape[1])] = -1
                row, other = _nearest(best, least)
                if len(row):
                    turn = cosines[:, row, other].argmax(axis=0)
                    found.append((row + start, other + column, best[row, other], turn))
            comparing.advance(len(block))
    if not found:
        empty = np.zeros(0, np.int64)
        return Pairs(empty, empty, np.zeros(0, "float32"), empty)
    return Pairs(*(np.concatenate(part) for part in zip(*found, strict=True)))


def similarity_of(rows: np.ndarray, pairs: Pairs) -> np.ndarray:
    """Return the cosine of other fingerprints of the same images for each pair, as it is turned, `[P]`."""
    similarity = np.zeros(len(pairs.first), "float32")
    for turn in np.unique(pairs.turn):
        own = pairs.turn == turn
        first = turned(rows[pairs.first[own]], int(turn)) if turn else rows[pairs.first[own]]
        similarity[own] = (first * rows[pairs.second[own]]).sum(axis=1)
    return similarity


def _nearest(cosines: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the largest few cosines of each row that are at least `least`."""
    row, other = np.nonzero(cosines >= least)
    order = np.lexsort((-cosines[row, other], row))
    rank = np.arange(len(row)) - np.searchsorted(row, row[order])
    kept = order[rank < _KEPT]
    return row[kept], other[kept]


def _unit(numbers: np.ndarray) -> np.ndarray:
    lengths = np.sqrt(np.square(numbers).sum(axis=(1, 2), keepdims=True))
    return numbers / np.maximum(lengths, 1e-12)
