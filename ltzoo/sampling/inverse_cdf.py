"""Draws of classes from uniform numbers: an inverse cumulative distribution with a guide table."""

import numpy as np


def draw_classes(probabilities: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    """Return the class c with cumulative[c - 1] <= u < cumulative[c] for every u of `uniforms`, in [0, 1).

    A table over equal cells of [0, 1) holds the first class of each cell. Nearly all draws belong to the first class of
    their cell. One comparison finds the others, which take a binary search.
    """
    cumulative = np.cumsum(probabilities)
    cumulative /= cumulative[-1]
    cells = 1 << (8 * len(cumulative)).bit_length()
    first_class = np.searchsorted(cumulative, np.arange(cells) / cells, side="right").astype(np.int32)
    classes = first_class[(uniforms * cells).astype(np.int32)]
    later = np.flatnonzero(uniforms >= cumulative[classes])
    classes[later] = np.searchsorted(cumulative, uniforms[later], side="right")
    return classes
