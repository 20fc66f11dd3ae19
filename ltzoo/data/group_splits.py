"""Stratified splits that keep every group of images on one side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ltzoo.checks import integer, number
from ltzoo.contracts.labels import check_labels, check_same_length
from ltzoo.data.subset import stratified_split

# In `fold_of_each`: never tested, since its class would have no training image.
ALWAYS_TRAINED = -1


def group_split(
    labels: Sequence[int] | np.ndarray,
    groups: Sequence[int] | np.ndarray | None,
    fraction: float,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Split positions into kept and held-out ones, class by class as `stratified_split` does, but in whole groups.

    The rarest classes, by number of groups, come first. Each takes groups in random order, those without images of
    classes that have enough first, until it has the number of images that `stratified_split` would hold out. It
    takes no group that would hold out more than half of a class, and none of a class with a single group.

    Args:
        labels: class indices `[N]`.
        groups: the group of each image, `[N]`; None means that every image is a group.
        fraction: share of images to hold out, in `[0, 1)`; 0 holds none out.
        seed: selects the groups; the same seed gives the same split.

    Returns:
        `(kept positions, held-out positions)`, int64, both ascending.

    Raises:
        ValueError: `fraction` is outside `[0, 1)`, the lengths differ, or a label or `seed` is no integer of at
            least 0.
    """
    if groups is None:
        return stratified_split(labels, fraction, seed)
    labels, groups = check_labels(labels), np.asarray(groups)
    check_same_length(labels, groups, "labels", "groups")
    number("fraction", fraction, least=0, below=1)
    integer("seed", seed, 0)
    held_out = np.zeros(len(labels), bool)
    if fraction > 0 and len(labels):
        table = _count(labels, groups)
        held_out = _hold_out(table, fraction, np.random.default_rng([seed, len(table.classes)]))[table.group]
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def fold_of_each(
    labels: Sequence[int] | np.ndarray,
    groups: Sequence[int] | np.ndarray | None,
    folds: int,
    seed: int = 0,
) -> np.ndarray:
    """Return the fold in which each image is tested, with each class spread as evenly as its groups allow.

    Without groups, the images of each class are shuffled and dealt out. With groups, the largest groups come first,
    those of equal size in random order. Each goes to the fold in which the sum of squares of the class shares grows
    least, `sum_c n_c (2 m_c + n_c) / N_c^2` for `n_c` images of the group, `m_c` of the fold and `N_c` of all; then to
    the one with the fewest images. The only group of a class is tested in no fold, so that every class is trained on
    in all of them. So is the smallest group of a class whose groups are all in one fold.

    Args:
        labels: class indices `[N]`.
        groups: the group of each image, `[N]`; None means that every image is a group.
        folds: number of folds, at least 2.
        seed: selects the images of each fold; the same seed gives the same folds.

    Returns:
        int64 `[N]`, from 0 to `folds - 1`, or -1 for an image that is never tested.

    Raises:
        ValueError: the lengths differ, or a label, `folds` or `seed` is no integer in range.
    """
    labels = check_labels(labels)
    folds, seed = integer("folds", folds, 2), integer("seed", seed, 0)
    generator = np.random.default_rng([seed, folds])
    if groups is None:
        return _dealt(labels, folds, generator)
    groups = np.asarray(groups)
    check_same_length(labels, groups, "labels", "groups")
    if not len(labels):
        return np.zeros(0, np.int64)
    table = _count(labels, groups)
    return _folds_of_groups(table, folds, generator)[table.group]


class _Table(NamedTuple):
    """Images of each class in each group: group of each image, then by group, its classes and their counts."""

    group: np.ndarray
    classes: list[np.ndarray]
    counts: list[np.ndarray]
    totals: np.ndarray  # by class


def _count(labels, groups):
    _, group = np.unique(groups, return_inverse=True)
    group = group.reshape(-1)
    size = int(labels.max()) + 1
    pairs, counts = np.unique(group.astype(np.int64) * size + labels, return_counts=True)
    starts = np.searchsorted(pairs, np.arange(1, int(group.max()) + 1) * size)
    classes = np.split(pairs % size, starts)
    return _Table(group, classes, np.split(counts, starts), np.bincount(labels, minlength=size))


def _members(table) -> list[list[int]]:
    """Return the groups of each class."""
    members: list[list[int]] = [[] for _ in table.totals]
    for group, classes in enumerate(table.classes):
        for label in classes.tolist():
            members[label].append(group)
    return members


def _hold_out(table, fraction, generator):
    """Return whether each group is held out."""
    totals = table.totals
    wanted = np.minimum(np.maximum(np.round(totals * fraction).astype(np.int64), 1), totals - 1)
    most = np.maximum(wanted, totals // 2)
    out, found = np.zeros(len(table.classes), bool), np.zeros(len(totals), np.int64)
    members = _members(table)
    for label in sorted(np.flatnonzero(totals), key=lambda label: (len(members[label]), label)):
        order = generator.permutation(len(members[label]))
        candidates = [members[label][at] for at in order if not out[members[label][at]]]
        for group in sorted(candidates, key=lambda group: _excess(table, group, wanted - found)):
            missing = wanted[label] - found[label]
            if missing <= 0:
                break
            classes, counts = table.classes[group], table.counts[group]
            own = int(counts[classes == label][0])
            further_off = found[label] > 0 and own - missing > missing
            if not further_off and (found[classes] + counts <= most[classes]).all():
                out[group], found[classes] = True, found[classes] + counts
    return out


def _excess(table, group, missing):
    """Return the share of each class that is held out beyond what is missing, summed over the classes of a group."""
    classes, counts = table.classes[group], table.counts[group]
    over = np.maximum(counts - np.maximum(missing[classes], 0), 0)
    return float((over / table.totals[classes]).sum())


def _dealt(labels, folds, generator):
    fold = np.empty(len(labels), np.int64)
    first = 0
    for label in np.unique(labels):
        positions = generator.permutation(np.flatnonzero(labels == label))
        if len(positions) == 1:
            fold[positions] = ALWAYS_TRAINED
            continue
        fold[positions] = (first + np.arange(len(positions))) % folds
        first = (first + len(positions)) % folds
    return fold


def _folds_of_groups(table, folds, generator):
    members = _members(table)
    sizes = np.array([counts.sum() for counts in table.counts])
    fold = np.zeros(len(sizes), np.int64)
    fold[[own[0] for own in members if len(own) == 1]] = ALWAYS_TRAINED
    tested, images = np.zeros((folds, len(table.totals))), np.zeros(folds)
    shuffled = generator.permutation(np.flatnonzero(fold != ALWAYS_TRAINED))
    for group in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        classes, counts = table.classes[group], table.counts[group]
        growth = (counts * (2 * tested[:, classes] + counts) / table.totals[classes] ** 2).sum(axis=1)
        least = np.flatnonzero(growth <= growth.min() + 1e-12)
        chosen = fold[group] = least[images[least].argmin()]
        tested[chosen, classes] += counts
        images[chosen] += sizes[group]
    for own in filter(None, members):
        if len(set(fold[own].tolist())) == 1 and fold[own[0]] != ALWAYS_TRAINED:
            fold[min(own, key=lambda group: (sizes[group], group))] = ALWAYS_TRAINED
    return fold
