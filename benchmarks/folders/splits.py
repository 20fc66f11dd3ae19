"""Train and test folders made of the files of a checkout, the same on every computer."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

Split = dict[str, dict[str, list[Path]]]
"""Files by class, by "train" and "test"."""


def long_tail(
    files: Mapping[str, list[Path]],
    profile: Callable[[int, int, int], int],
    *,
    test_share: float,
    most_test: int,
) -> Split:
    """Return a random split with few training images in most classes.

    Args:
        files: files by class, in a fixed order.
        profile: (rank of the class by size from 0, number of classes, its files) -> training files, if there are as
            many besides the test files.
        test_share: share of each class for testing.
        most_test: most test images of a class.
    """
    rng = random.Random(0)
    order = sorted(files, key=lambda name: (-len(files[name]), name))
    split: Split = {"train": {}, "test": {}}
    for rank, name in enumerate(order):
        shuffled = list(files[name])
        rng.shuffle(shuffled)
        test = max(1, min(most_test, int(len(shuffled) * test_share)))
        train = min(len(shuffled) - test, profile(rank, len(order), len(shuffled)))
        split["test"][name], split["train"][name] = shuffled[:test], shuffled[test : test + train]
    return split


def write(split: Split, folder: Path) -> None:
    """Copy the files of a split into `folder/train/CLASS` and `folder/test/CLASS`; the folder is there whole or not."""
    part = folder.with_name(f".{folder.name}.part")
    if part.exists():
        shutil.rmtree(part)
    for name, classes in split.items():
        for label, paths in classes.items():
            (part / name / label).mkdir(parents=True)
            for path in paths:
                shutil.copyfile(path, part / name / label / path.name)
    part.rename(folder)


def counts(folder: Path) -> dict[str, dict[str, int]]:
    """Return the number of files of each class, sorted by name, by "train" and "test"."""
    return {
        name: {path.name: len(list(path.iterdir())) for path in sorted((folder / name).iterdir())}
        for name in ("train", "test")
    }


def digest(folder: Path) -> str:
    """Return 16 hexadecimal digits that change with the paths and sizes of the files."""
    found = hashlib.sha256()
    for name in ("train", "test"):
        paths = [path for path in (folder / name).rglob("*") if path.is_file()]
        for path in sorted(paths, key=lambda path: path.relative_to(folder).as_posix()):
            found.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\n".encode())
    return found.hexdigest()[:16]
