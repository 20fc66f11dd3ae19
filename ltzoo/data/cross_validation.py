"""Folds of cross-validation: each image is tested once, by a model that was trained on none of its group."""

from __future__ import annotations

import numpy as np

from ltzoo.caller_warnings import warn_caller
from ltzoo.checks import integer, refuse
from ltzoo.data import arguments
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.files import FileSplit
from ltzoo.data.group_splits import ALWAYS_TRAINED, fold_of_each
from ltzoo.data.joined import join
from ltzoo.data.repeats import first_paths, join_groups
from ltzoo.data.splits import Split

_MOST_FOLDS = 1000


def folds(dataset: LongTailedDataset, folds: int = 5, seed: int = 0) -> list[LongTailedDataset]:
    """Split the training and validation images of a dataset for cross-validation.

    Every class is spread over the folds as evenly as its images and groups allow, and trained on in each. A group,
    and the same file under two paths, is in one fold. Test images of the dataset are left out.

    Args:
        dataset: a dataset; if its splits have `groups`, whole groups are tested.
        folds: number of folds, 2 to 1,000.
        seed: selects the images of each fold; the same seed gives the same folds.

    Returns:
        One dataset per fold, with `train` and `test` but without `val`. Each image is in the `test` of one of them at
        most.

    Raises:
        TypeError: `dataset` is not a `LongTailedDataset`.
        ValueError: `folds` or `seed` is out of range, or there are too few images or groups for so many folds.

    Warns:
        UserWarning: some images are never tested, as their class has no other image or group.
    """
    if not isinstance(dataset, LongTailedDataset):
        raise TypeError(f"`dataset` must be a LongTailedDataset. Received: {type(dataset).__name__}")
    folds, seed = integer("folds", folds, 2, _MOST_FOLDS), integer("seed", seed, 0, arguments.LARGEST_SEED)
    images = dataset.train if dataset.val is None else join(dataset.train, dataset.val)
    groups = groups_with_repeats(images)
    fold = fold_of_each(images.labels, groups, folds, seed)
    sizes = np.bincount(fold[fold != ALWAYS_TRAINED], minlength=folds)
    if not sizes.all():
        units = len(images) if groups is None else len(np.unique(groups))
        refuse(
            "folds",
            f"small enough that each fold has an image to test; {len(images)} images in {units} groups give "
            f"{np.count_nonzero(sizes)} folds",
            folds,
        )
    never = fold == ALWAYS_TRAINED
    if never.any():
        classes = np.unique(images.labels[never])
        tested = np.unique(images.labels[~never])
        untested = [dataset.class_names[label] for label in np.setdiff1d(classes, tested)]
        of_them = f", which is all of {_listing(untested)}" if untested else ""
        warn_caller(
            f"{int(never.sum())} of {len(images)} images are trained on in every fold and never tested{of_them}: their "
            f"class has no other {'image' if images.groups is None else 'group'} to learn from"
        )
    return [
        LongTailedDataset(
            f"{dataset.name}, fold {number + 1} of {folds}",
            images.subset(np.flatnonzero(fold != number)),
            None,
            images.subset(np.flatnonzero(fold == number)),
            dataset.class_names,
        )
        for number in range(folds)
    ]


def groups_with_repeats(split: Split) -> np.ndarray | None:
    """Return the groups of a split, in which the same file under two paths is in one group; None if it has none."""
    if not isinstance(split, FileSplit):
        return split.groups
    return join_groups(split.groups, first_paths({"": split.paths})[""])


def _listing(names: list[str]) -> str:
    return ", ".join(map(repr, names[:5])) + (f" and {len(names) - 5} more classes" if len(names) > 5 else "")
