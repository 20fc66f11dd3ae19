"""A dataset from "path label" list files, the published format of ImageNet-LT and Places-LT."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ltzoo.data.checks import readable
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.files import FileSplit


def from_list(
    train_list: str | Path,
    image_root: str | Path,
    *,
    val_list: str | Path | None = None,
    test_list: str | Path | None = None,
    image_size: tuple[int, int] = (224, 224),
    channels: int = 3,
    resize: int | None = None,
    class_names: Sequence[str] | None = None,
    check: bool = True,
    skip_unreadable: bool = False,
    name: str | None = None,
) -> LongTailedDataset:
    """Make a dataset from text files with one image per line: `path label`.

    The label is the last word of the line, an integer from 0. The path is relative to `image_root` and may
    contain spaces. Empty lines are ignored. Files are read lazily.

    Args:
        train_list: list of training images.
        image_root: folder that the paths start from.
        val_list, test_list: lists of validation and test images, or None.
        image_size: `(height, width)`. The shorter side is resized and the center cropped to this size.
        channels: 3 (RGB) or 1 (gray).
        resize: length of the shorter side before the center crop; None scales as little as possible.
        class_names: one name per class. By default the folder name, if each class has exactly one folder of
            training images and shares it with no other class; otherwise the numbers 0, 1, ...
        check: decode every image once now. Otherwise only the first image of each list is decoded, to catch
            a wrong `image_root`; other unreadable images raise an error when they are read.
        skip_unreadable: leave unreadable images out, with a warning that names them. Implies `check`.
        name: name of the dataset; by default the name of `train_list` without its suffix.

    Returns:
        A `LongTailedDataset` of lazily read files.

    Raises:
        FileNotFoundError: a list or `image_root` is missing.
        UnreadableImagesError, UnreadableImageError: some images cannot be read and `skip_unreadable` is
            False.
        ValueError: a line is not "path label" (the message names file and line), a label is out of range,
            or a class has no training image.
    """
    root = Path(image_root).expanduser()
    if not root.is_dir():
        raise FileNotFoundError(
            "`image_root` must be the folder that the listed paths start from. "
            f"Received: image_root={str(image_root)!r}, which is not a folder"
        )
    entries = {"train": read_list(train_list)}
    for split_name, path in (("val", val_list), ("test", test_list)):
        if path is not None:
            entries[split_name] = read_list(path)
    if class_names is None:
        class_names = folder_names(*entries["train"])
    splits = {}
    for split_name, (paths, labels) in entries.items():
        located = [os.path.join(root, path) for path in paths]
        splits[split_name] = FileSplit(located, labels, image_size, channels, resize)
    if check or skip_unreadable:
        splits = readable(splits, skip_unreadable)
    else:
        for split in splits.values():
            split.open(0)
    return LongTailedDataset(
        name or Path(train_list).stem, splits["train"], splits.get("val"), splits.get("test"), class_names
    )


def read_list(path: str | Path) -> tuple[list[str], np.ndarray]:
    """Read a "path label" file.

    Args:
        path: the file.

    Returns:
        `(paths, labels)`, where `labels` is int64 `[N]`.

    Raises:
        FileNotFoundError: the file is missing.
        ValueError: the file is empty or a line is not "path label". The message names file and line.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'a list file with one "path label" per line is missing. Received: {path}')
    paths, labels = [], []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        words = line.strip().rsplit(None, 1)
        if len(words) != 2 or not words[1].isdecimal():
            raise ValueError(
                f'{path}, line {number}: every line must be "path label" with an integer label, 0 or more. '
                f"Received: {line!r}"
            )
        paths.append(words[0])
        labels.append(int(words[1]))
    if not paths:
        raise ValueError(f'{path} must hold at least one "path label" line. Received: an empty file')
    return paths, np.asarray(labels, dtype=np.int64)


def folder_names(paths: Sequence[str], labels: Sequence[int] | np.ndarray) -> list[str] | None:
    """Return class names taken from the image folders, without their common parent.

    Returns:
        One name per label, or None unless folders and labels correspond one to one.
    """
    folders: dict[int, str] = {}
    for path, label in zip(paths, labels, strict=True):
        folder = os.path.dirname(path)
        if folders.setdefault(int(label), folder) != folder:
            return None
    distinct = set(folders.values())
    if len(distinct) < len(folders) or sorted(folders) != list(range(len(folders))) or "" in distinct:
        return None
    try:
        shared = os.path.commonpath(distinct) if len(distinct) > 1 else os.path.dirname(folders[0])
    except ValueError:  # absolute and relative paths mixed
        return None
    names = [os.path.relpath(folders[label], shared or ".") for label in range(len(folders))]
    return None if "." in names else names
