"""Folds of images for out-of-fold predictions, stratified and with whole groups."""

from __future__ import annotations

import numpy as np

ALWAYS_TRAINED = -1


def fold_of_each(labels: np.ndarray, groups: np.ndarray | None, folds: int, seed: int) -> np.ndarray:
    """Return the fold that each image is left out in, with each class spread over the folds.

    Without groups, every image is its own. The groups of each class are shuffled; classes with few groups choose
    first. Each group goes to the fold that has the fewest images of the class, and of those to the smallest fold. A
    class with one group is trained on in all folds.

    Args:
        labels: class indices `[N]`.
        groups: the group of each image `[N]`, or None.
        folds: number of folds, at least 2.
        seed: selects the folds; the same seed gives the same folds.

    Returns:
        int64 `[N]`, 0 to `folds - 1`, or -1 for images that are never left out.
    """
    labels = np.asarray(labels, np.int64)
    if groups is None:
        groups = np.arange(len(labels))
    _, groups = np.unique(np.asarray(groups), return_inverse=True)
    generator = np.random.default_rng([seed, folds])
    members = [np.unique(groups[labels == label]) for label in range(int(labels.max(initial=-1)) + 1)]
    fold_of_group = np.full(int(groups.max(initial=-1)) + 1, folds)  # `folds`: not yet in one
    sizes = np.bincount(groups)
    held = np.zeros(folds, np.int64)
    for label in sorted(range(len(members)), key=lambda label: (len(members[label]), label)):
        own = generator.permutation(members[label])
        if len(own) == 1:  # Its other classes may be learned from others of their images.
            fold_of_group[own] = ALWAYS_TRAINED
            continue
        counts = np.bincount(groups[labels == label], minlength=len(sizes))
        taken = np.zeros(folds, np.int64)
        placed = own[(fold_of_group[own] >= 0) & (fold_of_group[own] < folds)]
        np.add.at(taken, fold_of_group[placed], counts[placed])
        for group in own[fold_of_group[own] == folds]:
            best = min(range(folds), key=lambda fold: (taken[fold], held[fold], fold))
            fold_of_group[group] = best
            taken[best] += counts[group]
            held[best] += sizes[group]
    for own in members:  # Each class is trained on in every fold.
        if len(own) and len(np.unique(fold_of_group[own])) == 1:
            fold_of_group[own] = ALWAYS_TRAINED
    return fold_of_group[groups]
