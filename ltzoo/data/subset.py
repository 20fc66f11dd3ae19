"""The published long-tailed subset of a balanced training set, and a stratified validation split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ltzoo.checks import integer, number
from ltzoo.class_counts import ClassCounts
from ltzoo.contracts.labels import check_labels


def long_tail_subset(
    labels: Sequence[int] | np.ndarray, class_counts: Sequence[int] | np.ndarray, seed: int = 0
) -> np.ndarray:
    """Select the images of a long-tailed subset as published code does.

    NumPy's legacy Mersenne Twister is seeded with `seed`. For each class c in label order, the ascending
    list of its positions is shuffled in place and the first `class_counts[c]` are kept. The classes are then
    joined in order. LDAM-DRW, BBN, GCL, MiSLAS and NBN build long-tailed CIFAR this way with seed 0, so the
    subset then holds exactly the images of those papers.

    Args:
        labels: class index of every image of the full training set, `[N]`, in file order.
        class_counts: images to keep per class, `[C]`.
        seed: seed of the generator; 0 in the published code.

    Returns:
        int64 positions `[sum(class_counts)]`, ordered by class, each at most once.

    Raises:
        ValueError: the counts are invalid, a label is outside `0 .. C-1`, or a class has too few images.
    """
    counts = ClassCounts(class_counts)
    labels = check_labels(labels, len(counts))
    integer("seed", seed, 0)
    generator = np.random.RandomState(seed)
    picked = []
    for label, count in enumerate(counts):
        positions = np.flatnonzero(labels == label)
        if len(positions) < count:
            raise ValueError(
                f"`class_counts` asks for {count} images of class {label}, but `labels` has only "
                f"{len(positions)}; lower the largest count. Received: class_counts={counts.tolist()}"
            )
        generator.shuffle(positions)
        picked.append(positions[:count])
    return np.concatenate(picked).astype(np.int64)


def stratified_split(
    labels: Sequence[int] | np.ndarray, fraction: float, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Split positions into training and validation, class by class.

    A class with `n >= 2` images gives `round(n * fraction)` of them to validation, but at least one and
    never all. A class with one image keeps it for training. Each class has its own random generator, keyed
    by `(seed, class)`.

    Args:
        labels: class indices `[N]`, none negative.
        fraction: share of validation images, in `[0, 1)`; 0 gives an empty validation part.
        seed: selects the validation images; the same seed gives the same split.

    Returns:
        `(train positions, validation positions)`, int64, both ascending.

    Raises:
        ValueError: `fraction` is outside `[0, 1)`, or a label or `seed` is no integer of at least 0.
    """
    number("validation_fraction", fraction, least=0, below=1)
    labels = check_labels(labels)
    integer("seed", seed, 0)
    held_out = np.zeros(len(labels), dtype=bool)
    if fraction > 0 and len(labels):
        found, counts = np.unique(labels, return_counts=True)
        by_label = np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])
        for label, positions in zip(found, by_label, strict=True):
            if len(positions) >= 2:
                size = min(max(round(len(positions) * fraction), 1), len(positions) - 1)
                order = np.random.default_rng([seed, int(label)]).permutation(positions)
                held_out[order[:size]] = True
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)
