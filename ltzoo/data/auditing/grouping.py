"""File names whose parts tell which images belong together: those images look more alike than others of their class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ltzoo.data.auditing.findings import Finding
from ltzoo.data.auditing.images import ImageList
from ltzoo.data.grouping import group_of

RULES = (
    ("folder:1", "sub-folder"),
    (r"regex:([^/]+)[-_. ][^-_. /]+\.[^.]+$", "name up to its last part"),
    (r"regex:([^-_. /]+)[-_. ][^/]*$", "first part of the name"),
    (r"regex:([^/]*[0-9])[0-9]\.[^.]+$", "number but for its last digit"),
    (r"regex:([^/]*[0-9])[0-9]{2}\.[^.]+$", "number but for its last two digits"),
)
"""Rules for `--group-by` that are tried, with what they take from the path."""

_MOST_PER_CLASS = 400  # Images of a class that are compared.
_FEWEST = 20  # Images whose nearest neighbors are looked at.
_BETTER = 2.0  # Times more often in the group than by chance.
_SHARE = 0.25  # Least share of nearest neighbors in the group.
_ALONE = 0.8  # Most groups per image.
_LARGEST = 0.5  # Largest share of the images in one group.


class Suggestion(NamedTuple):
    """A rule for `--group-by` that file names suggest.

    Attributes:
        rule: the rule.
        meaning: what it takes from the path.
        together: how often the nearest neighbor of an image within its class is in its group.
        chance: how often a random image of its class is.
        groups: number of each image's group, of all images, `[N]`.
    """

    rule: str
    meaning: str
    together: float
    chance: float
    groups: np.ndarray


def suggest_groups(
    images: ImageList, positions: np.ndarray, features: np.ndarray, seed: int = 0
) -> Suggestion | None:
    """Return a rule for `--group-by` if the names of files tell which images look alike.

    For each rule the nearest neighbor of each image within its class is in its group more often than by chance: at
    least 2 times, and for a quarter of the images. The best rule wins.

    Args:
        images: all images.
        positions: positions of the images that are compared, `[n]`.
        features: features or fingerprints of them, `[n, D]`.
        seed: chooses images of classes with more than 400.
    """
    if len(positions) < _FEWEST:
        return None
    labels = images.labels[positions]
    looked_at, nearest = _nearest_in_class(features, labels, seed)
    if len(looked_at) < _FEWEST:
        return None
    names, found = [images.below[p] for p in positions], []
    for rule, meaning in RULES:
        groups = _groups(rule, names)
        if _useless(groups) or not _splits_classes(groups, labels):
            continue
        together = float((groups[looked_at] == groups[nearest]).mean())
        chance = _chance(groups, labels, looked_at)
        if together >= _SHARE and together >= _BETTER * chance:
            found.append((together - chance, rule, meaning, together, chance))
    if not found:
        return None
    _, rule, meaning, together, chance = max(found)
    return Suggestion(rule, meaning, together, chance, _groups(rule, images.below))


def groups_found(images: ImageList, suggestion: Suggestion | None) -> list[Finding]:
    """Return a finding on a suggested rule."""
    if suggestion is None:
        return []
    rule, meaning, together, chance, groups = suggestion
    text = (
        f"{100 * together:.0f} % of the images share the {meaning} with the most similar image of their class, "
        f"{100 * chance:.0f} % would by chance. --group-by '{rule}' keeps such images on one side of a split"
    )
    facts = {
        "rule": rule,
        "together": round(together, 3),
        "chance": round(chance, 3),
        "groups": int(groups.max()) + 1,
    }
    shared = len(measured_and_trained(images, groups))
    if shared:
        text += f". {shared:,} test or validation images have such images in the training data"
        facts["measured_and_trained"] = shared
    return [Finding("groups", text, facts=facts)]


def measured_and_trained(images: ImageList, groups: np.ndarray) -> np.ndarray:
    """Return the positions of the test and validation images whose group has training images of their class.

    Args:
        images: all images.
        groups: number of each image's group, `[N]`.
    """
    pairs = groups * len(images.class_names) + images.labels
    measured = np.flatnonzero(images.splits != 0)
    return measured[np.isin(pairs[measured], pairs[images.splits == 0])]


def _groups(rule: str, names: Sequence[str]) -> np.ndarray:
    """Return a number per name, equal for names of one group; names without a group are alone."""
    known: dict[str, int] = {}
    alone = 0
    numbers = np.empty(len(names), np.int64)
    for place, name in enumerate(names):
        group = group_of(rule, name)
        if group is None:
            alone -= 1
            numbers[place] = alone
        else:
            numbers[place] = known.setdefault(group, len(known))
    return np.where(numbers < 0, len(known) - 1 - numbers, numbers)


def _useless(groups: np.ndarray) -> bool:
    """Return whether nearly all images are alone, or most are in one group."""
    sizes = np.bincount(groups)
    return len(sizes) >= _ALONE * len(groups) or sizes.max() > _LARGEST * len(groups)


def _splits_classes(groups: np.ndarray, labels: np.ndarray) -> bool:
    """Return whether most images are in classes of several groups."""
    pairs = np.unique(np.stack([labels, groups]), axis=1)
    in_class = np.bincount(pairs[0], minlength=labels.max() + 1)
    return bool((in_class[labels] > 1).mean() > 0.5)


def _nearest_in_class(features: np.ndarray, labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows, and the row of the nearest neighbor of each in its class."""
    rows = features - features.mean(axis=0)
    rows = rows / np.maximum(np.sqrt(np.square(rows).sum(axis=1, keepdims=True)), 1e-12)
    generator = np.random.default_rng(seed)
    looked_at, nearest = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        if len(own) > _MOST_PER_CLASS:  # Neighbors in the order of the files stay neighbors.
            start = int(generator.integers(len(own) - _MOST_PER_CLASS + 1))
            own = own[start : start + _MOST_PER_CLASS]
        if len(own) > 2:
            cosines = rows[own] @ rows[own].T
            np.fill_diagonal(cosines, -np.inf)
            looked_at.append(own)
            nearest.append(own[cosines.argmax(axis=1)])
    return np.concatenate(looked_at), np.concatenate(nearest)


def _chance(groups: np.ndarray, labels: np.ndarray, looked_at: np.ndarray) -> float:
    """Return how often a random other image of the class, among those looked at, is of the same group."""
    pairs, member, sizes = np.unique(
        np.stack([labels[looked_at], groups[looked_at]]), axis=1, return_inverse=True, return_counts=True
    )
    in_class = np.bincount(labels[looked_at])
    others = in_class[labels[looked_at]] - 1
    return float(((sizes[member.reshape(-1)] - 1) / np.maximum(others, 1)).mean())
