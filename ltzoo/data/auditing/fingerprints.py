"""Perceptual fingerprints: images that show the same have fingerprints that point the same way.

A fingerprint holds the lowest frequencies of a gray thumbnail's cosine transform, as the perceptual hash "pHash" does.
Brightness (the constant term) and contrast (the length) are dropped. Unlike the 64 bits of pHash they stay numbers, and
are centered and scaled by their mean and spread in the collection. So white backgrounds that all images share do not
make them alike. A mirror image or a quarter turn changes signs and order of the numbers only.
"""

from __future__ import annotations

from collections.abc import Iterator
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
_COLUMNS = 16_384
_KEPT = 8  # Nearest neighbors per image, among those that come after it.
_ENOUGH = 24  # Images whose mean and spread are worth something.
_REFERENCE = 20_000  # Images whose mean and spread are those of all.
_NOISE = 3e-3  # Spread of what saving an image again adds, of the mean spread.
_ROUNDING = 1e-4


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


def fingerprints(
    thumbnails: np.ndarray,
    frequencies: int = COARSE,
    positions: np.ndarray | None = None,
    collection: np.ndarray | None = None,
) -> np.ndarray:
    """Return a fingerprint of unit length per image, float32 `[n, frequencies²]`; zeros for images of one color.

    Args:
        thumbnails: gray thumbnails, uint8 `[N, side, side]`.
        frequencies: numbers in each direction, at most the side.
        positions: positions of the n images; None for all.
        collection: positions of the images that give mean and spread; of more than 20,000 every second, third, ... is
            taken. None for `positions`.
    """
    positions = np.arange(len(thumbnails)) if positions is None else positions
    collection = positions if collection is None else collection
    sample = collection[:: max(1, -(-len(collection) // _REFERENCE))]
    numbers, flat = _spectra(thumbnails, positions, frequencies)
    if len(collection) >= _ENOUGH:
        reference = numbers if sample is positions else _spectra(thumbnails, sample, frequencies)[0]
        # Mean and spread of the images and all their turned copies, so that turning still only moves the numbers.
        even = np.arange(frequencies) % 2 == 0
        mean = reference.mean(axis=0) * np.outer(even, even)
        mean = (mean + mean.T) / 2
        spread = np.square(reference - mean).mean(axis=0)
        numbers -= mean
        numbers /= np.sqrt((spread + spread.T) / 2 + _NOISE * spread.mean())
        _to_unit_length(numbers)
    numbers[flat] = 0
    return numbers.reshape(len(numbers), frequencies**2)


def _spectra(
    thumbnails: np.ndarray, positions: np.ndarray, frequencies: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cosine transforms without the constant term, at unit length, and which images have one color."""
    count, side = len(positions), thumbnails.shape[1]
    places = (np.arange(side) + 0.5) * np.pi / side
    transform = np.cos(np.arange(frequencies)[:, None] * places).astype("float32")
    numbers = np.zeros((count, frequencies, frequencies), "float32")
    for start in range(0, count, _COLUMNS):
        part = thumbnails[positions[start : start + _COLUMNS]].astype("float32")
        numbers[start : start + _COLUMNS] = transform @ part @ transform.T
    numbers[:, 0, 0] = 0
    flat = np.abs(numbers).max(axis=(1, 2)) < 1e-2 * side if count else np.zeros(0, bool)
    _to_unit_length(numbers)
    return numbers, flat


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


def similar_pairs(rows: np.ndarray, least: float) -> Pairs:
    """Return the pairs of fingerprints whose cosine, in the best of the turns, is at least `least`.

    All pairs are compared, in blocks: the time is quadratic in N, the memory is not. Each image is paired with its most
    similar ones only, up to 8 of those that come after it.

    A turn changes signs, and swaps the numbers at (i, j) and (j, i). So no turn has a larger cosine than that of the
    lengths of all such pairs of numbers (Cauchy-Schwarz). Most pairs of images are told apart by it at once.

    Args:
        rows: fingerprints `[N, frequencies²]`; rows of zeros are in no pair.
        least: the least cosine, above 0.
    """
    count, found = len(rows), []
    lengths = _lengths(rows)
    with phase("comparing images", count) as comparing:
        for start in range(0, count, _BLOCK):
            block = rows[start : start + _BLOCK]
            copies = np.stack([turned(block, turn) for turn in range(len(TURNS))], axis=1)
            near = []
            for column in range(start, count, _COLUMNS):
                bound = lengths[start : start + _BLOCK] @ lengths[column : column + _COLUMNS].T
                possible = bound >= least - _ROUNDING
                if column == start:  # Each pair once, and no image with itself.
                    possible[np.tril_indices(len(block), 0, possible.shape[1])] = False
                near += _near(copies, rows, possible, column, least)
            if near:
                row, other, cosine, turn = (np.concatenate(part) for part in zip(*near, strict=True))
                kept = _nearest(row, cosine)
                found.append((row[kept] + start, other[kept], cosine[kept], turn[kept]))
            comparing.advance(len(block))
    if not found:
        empty = np.zeros(0, np.int64)
        return Pairs(empty, empty, np.zeros(0, "float32"), empty)
    return Pairs(*(np.concatenate(part) for part in zip(*found, strict=True)))


def _lengths(rows: np.ndarray) -> np.ndarray:
    """Return the lengths of all pairs of numbers at (i, j) and (j, i), which no turn changes, `[N, f (f + 1) / 2]`."""
    frequencies = round(rows.shape[1] ** 0.5)
    squares = np.square(rows).reshape(-1, frequencies, frequencies)
    above = np.triu_indices(frequencies)
    sums = squares[:, above[0], above[1]] + squares[:, above[1], above[0]]
    return np.sqrt(sums * np.where(above[0] == above[1], 0.5, 1.0).astype("float32"))


def _near(
    copies: np.ndarray, rows: np.ndarray, possible: np.ndarray, column: int, least: float
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield rows, columns, cosines and turns of the pairs that are near enough, row by row.

    Args:
        copies: turned fingerprints of a block, `[b, 8, D]`.
        rows: all fingerprints.
        possible: mask `[b, c]` of the pairs to look at.
        column: position of the first column.
        least: the least cosine.
    """
    for row in np.flatnonzero(possible.any(axis=1)):
        others = np.flatnonzero(possible[row]) + column
        cosines = copies[row] @ rows[others].T
        best = cosines.max(axis=0)
        near = np.flatnonzero(best >= least)
        if len(near):
            yield np.full(len(near), row), others[near], best[near], cosines[:, near].argmax(axis=0)


def _nearest(row: np.ndarray, cosine: np.ndarray) -> np.ndarray:
    """Return the positions of the largest few cosines of each row."""
    order = np.lexsort((-cosine, row))
    rank = np.arange(len(row)) - np.searchsorted(row[order], row[order])
    return order[rank < _KEPT]


def _to_unit_length(numbers: np.ndarray) -> None:
    numbers /= np.maximum(np.sqrt(np.square(numbers).sum(axis=(1, 2), keepdims=True)), 1e-12)
