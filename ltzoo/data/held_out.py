"""Hold out validation and test images of a training split, in whole groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from ltzoo.caller_warnings import warn_caller
from ltzoo.data.copies import first_contents
from ltzoo.data.files import FileSplit
from ltzoo.data.group_splits import group_split
from ltzoo.data.repeats import join_groups, keep_together
from ltzoo.data.splits import Split
from ltzoo.data.subset import stratified_split

WORDS = {"val": "validation", "test": "test"}
_FAR = 2  # Times more or less than asked for.


def hold_out(
    train: Split, keys: Sequence[str], names: Sequence[str], fraction: float, seed: int, part: str = "val"
) -> dict[str, Split]:
    """Return "train" without some images and, unless none can be held out, `part` with these.

    Each class gives its share. Images of one group, and images with one key, stay on one side.

    Args:
        train: the training images.
        keys: what identifies each of them, `[N]`.
        names: class names, for warnings.
        fraction: share of images to hold out; 0 for none.
        seed: selects the images.
        part: "val" or "test".

    Warns:
        UserWarning: groups are so large that no, far fewer or far more images could be held out, or none of some
            classes.
    """
    if not fraction or not len(train):
        return {"train": train}
    if train.groups is None:
        kept, out = keep_together(stratified_split(train.labels, fraction, seed)[1], keys)
    else:
        kept, out = group_split(train.labels, join_groups(train.groups, keys), fraction, seed)
        _say_unequal(train.labels, out, fraction, names, WORDS[part])
    return {"train": train.subset(kept), part: train.subset(out)} if out.size else {"train": train}


def hold_out_missing(
    splits: Mapping[str, Split],
    files: FileSplit,
    keys: Sequence[str],
    names: Sequence[str],
    fractions: tuple[float, float],
    seed: int,
) -> dict[str, Split]:
    """Return splits with test images held out of "train", and validation images unless there are some.

    Args:
        splits: the splits of the data; some files of "train" may have been left out.
        files: the training images before that.
        keys: what identifies each of these, `[N]`.
        names: class names, for warnings.
        fractions: shares of test and of validation images.
        seed: selects the images.
    """
    first = dict(zip(files.paths, keys, strict=True))
    found = {**splits, **hold_out_test(cast(FileSplit, splits["train"]), names, fractions[0], seed)}
    if "val" in found:
        return found
    train = cast(FileSplit, found["train"])
    return {**found, **hold_out(train, [first[path] for path in train.paths], names, fractions[1], seed)}


def hold_out_test(train: FileSplit, names: Sequence[str], fraction: float, seed: int) -> dict[str, Split]:
    """Return "train" and "test" as `hold_out` does; copies of a file stay on one side, too.

    Args:
        train: the training images.
        names, fraction, seed: see `hold_out`.

    Warns:
        UserWarning: some classes have no test images, or groups are too large.
    """
    if not fraction:
        return {"train": train}
    found = hold_out(train, first_contents(train.paths), names, fraction, seed, "test")
    if "test" in found:
        say_untested(found["test"].labels, names)
    elif train.groups is None:
        warn_caller("there are no test images, as each class has a single image, or copies of a single one")
    return found


def say_untested(labels: np.ndarray, names: Sequence[str]) -> None:
    """Warn of classes without test images, which are in no figure.

    Args:
        labels: labels of the test images.
        names: class names.
    """
    without = np.flatnonzero(np.bincount(labels, minlength=len(names)) == 0)
    if without.size:
        warn_caller(
            f"{without.size} of {len(names)} classes have no test images, so that no figure says how well they are "
            f"recognized: {_shown(without, names)}"
        )


def say_shared_groups(splits: Mapping[str, Split]) -> None:
    """Warn of groups that are trained on and measured, in splits that are given."""
    train = splits["train"].groups
    for name, split in splits.items():
        if name == "train" or train is None or split.groups is None:
            continue
        shared = int(np.isin(split.groups, train).sum())
        if shared:
            warn_caller(
                f"{shared} of {len(split)} {name} images are in groups that are also trained on, so that their "
                "accuracy says little about new groups; let the given splits keep groups whole"
            )


def _say_unequal(
    labels: np.ndarray, out: np.ndarray, fraction: float, names: Sequence[str], word: str
) -> None:
    """Warn if whole groups make a split that differs much from what was asked for."""
    share, counts = out.size / len(labels), np.bincount(labels, minlength=len(names))
    if not out.size:
        if (counts > 1).any():
            warn_caller(
                f"there are no {word} images: each class has one group, or one with more than half of its images"
            )
        return
    if not fraction / _FAR <= share <= fraction * _FAR:
        warn_caller(
            f"{share:.0%} of the images are {word} images instead of {fraction:.0%}, as groups stay whole"
        )
    without = np.flatnonzero((counts > 1) & (np.bincount(labels[out], minlength=len(names)) == 0))
    if without.size:
        warn_caller(
            f"{without.size} of {len(names)} classes have no {word} images, as they have one group, or one with "
            f"more than half of their images: {_shown(without, names)}"
        )


def _shown(labels: np.ndarray, names: Sequence[str]) -> str:
    return ", ".join(repr(names[label]) for label in labels[:5]) + (", ..." if labels.size > 5 else "")
