"""File names whose parts tell which images belong together: those images look more alike than others of their class."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ltzoo.data.auditing.findings import Finding
from ltzoo.data.auditing.images import ImageList

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


def suggest_groups(
    images: ImageList, positions: np.ndarray, features: np.ndarray, seed: int = 0
) -> list[Finding]:
    """Return a finding with a rule for `--group-by` if the names of files tell which images look alike.

    For each rule the nearest neighbor of each image within its class is in its group more often than by chance: at
    least 2 times, and for a quarter of the images. The best rule wins.

    Args:
        images: all images.
        positions: positions of the images that are compared, `[n]`.
        features: features or fingerprints of them, `[n, D]`.
        seed: chooses images of classes with more than 400.
    """
    names = [_below_class(images, int(p)) for p in positions]
    labels = images.labels[positions]
    looked_at, nearest = _nearest_in_class(features, labels, seed)
    if len(looked_at) < _FEWEST:
        return []
    found = []
    for rule, meaning in RULES:
        groups = _groups(rule, names)
        sizes = np.bincount(groups)
        if len(sizes) >= 0.8 * len(groups) or not _splits_classes(groups, labels):
            continue
        together = (groups[looked_at] == groups[nearest]).mean()
        chance = _chance(groups, labels, looked_at)
        if together >= _SHARE and together >= _BETTER * chance:
            found.append((together - chance, rule, meaning, together, chance, groups))
    if not found:
        return []
    _, rule, meaning, together, chance, groups = max(found)
    text = (
        f"{100 * together:.0f} % of the images share the {meaning} with the most similar image of their class, "
        f"{100 * chance:.0f} % would by chance. --group-by '{rule}' keeps such images on one side of a split"
    )
    facts = {
        "rule": rule,
        "together": round(float(together), 3),
        "chance": round(float(chance), 3),
        "groups": int(groups.max()) + 1,
    }
    shared = _measured_and_trained(images, positions, groups)
    if shared:
        text += f". {shared:,} test or validation images have such images in the training data"
        facts["measured_and_trained"] = shared
    return [Finding("groups", text, facts=facts)]


def _below_class(images: ImageList, position: int) -> str:
    """Return the path below the class folder, as `--group-by` sees it."""
    parts = images.name(position).split("/")
    name = images.class_of(position).split("/")[-1]
    return "/".join(parts[parts.index(name) + 1 :]) if name in parts[:-1] else parts[-1]


def _groups(rule: str, names: Sequence[str]) -> np.ndarray:
    """Return a number per name, equal for names of one group; names without a group are alone."""
    kind, _, detail = rule.partition(":")
    keys = []
    for number, name in enumerate(names):
        if kind == "folder":
            key = name.split("/")[0] if "/" in name else None
        else:
            match = re.search(detail, name)
            key = match[1] if match else None
        keys.append(("", str(number)) if key is None else ("group", key))
    known: dict[tuple[str, str], int] = {}
    return np.asarray([known.setdefault(key, len(known)) for key in keys], np.int64)


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


def _measured_and_trained(images: ImageList, positions: np.ndarray, groups: np.ndarray) -> int:
    """Return the number of test and validation images whose group has training images of their class."""
    train = images.splits[positions] == 0
    trained = set(groups[train].tolist())
    sizes = np.bincount(groups)
    return sum(1 for group in groups[~train].tolist() if group in trained and sizes[group] > 1)
