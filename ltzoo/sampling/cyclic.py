"""Cyclic class-aware order: visit each class once per cycle, and draw a few images from its shuffled list."""

from collections.abc import Sequence

import numpy as np

from ltzoo.class_counts import ClassCounts
from ltzoo.sampling.keyed_random import CYCLES, LISTS, hashed


def cyclic_draws(
    start: int, stop: int, class_counts: Sequence[int] | np.ndarray, samples_per_visit: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return draws `start` to `stop` of the endless class-aware order, as (class, rank inside the class) arrays.

    Draw g belongs to visit v = g // samples_per_visit, in cycle v // C. Every cycle visits each of the C classes once,
    in its own order. The k-th draw of class c takes element k mod n_c of pass k // n_c over its n_c images, which are
    shuffled again for every pass. Orders are sorted hashes of (seed, cycle, class) and (seed, pass, image), so a draw
    depends on nothing before it. The order continues from one epoch to the next, as in the published sampler (MiSLAS
    and BALMS code; Shen et al., "Relay backpropagation", Section 3.2).
    """
    counts = ClassCounts(class_counts).array
    num_classes = len(counts)
    first_visit, last_visit = start // samples_per_visit, (stop - 1) // samples_per_visit
    first_cycle, last_cycle = first_visit // num_classes, last_visit // num_classes
    words = np.arange(first_cycle * num_classes, (last_cycle + 1) * num_classes).reshape(-1, num_classes)
    order = np.argsort(hashed(seed, CYCLES, words), axis=1).ravel()
    visit = np.arange(first_visit, last_visit + 1)
    visited = order[visit - first_cycle * num_classes]

    first_pass = first_cycle * samples_per_visit // counts
    last_pass = ((last_cycle + 1) * samples_per_visit - 1) // counts
    ranks, lists_start = _shuffled_lists(counts, first_pass, last_pass, seed)

    # Passes over a list follow one another in `ranks`, so the draw number within a class addresses them.
    draw_of_class = (visit // num_classes * samples_per_visit)[:, None] + np.arange(samples_per_visit)
    address = draw_of_class + (lists_start - first_pass * counts)[visited][:, None]
    wanted = slice(start - first_visit * samples_per_visit, stop - first_visit * samples_per_visit)
    return np.repeat(visited, samples_per_visit)[wanted], ranks[address.ravel()[wanted]]


def _shuffled_lists(counts, first_pass, last_pass, seed):
    """Return ranks 0 .. n_c - 1 in random order for every pass of every class, and where each class begins.

    One sort of 64-bit words (list number, random key, rank) shuffles all lists.
    """
    passes = last_pass - first_pass + 1
    list_class = np.repeat(np.arange(len(counts)), passes)
    length = counts[list_class]
    list_start = np.cumsum(length) - length
    class_list = np.cumsum(passes) - passes
    list_pass = np.arange(len(list_class)) - class_list[list_class] + first_pass[list_class]

    rank_bits = int(counts.max() - 1).bit_length()
    key_bits = 64 - rank_bits - int(len(list_class) - 1).bit_length()
    item = np.arange(int(length.sum()), dtype=np.int64)
    rank = item - np.repeat(list_start, length)
    class_start = np.cumsum(counts) - counts
    word = rank + np.repeat(list_pass * int(counts.sum()) + class_start[list_class], length)
    packed = hashed(seed, LISTS, word) >> np.uint64(64 - key_bits)
    packed <<= np.uint64(rank_bits)
    packed |= rank.astype(np.uint64)
    if len(list_class) > 1:
        number = np.arange(len(list_class), dtype=np.uint64) << np.uint64(key_bits + rank_bits)
        packed |= np.repeat(number, length)
    packed.sort()
    ranks = (packed & np.uint64((1 << rank_bits) - 1)).astype(np.int64)
    return ranks, list_start[class_list]
