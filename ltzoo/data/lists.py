"""A dataset from "path label" list files, the published format of ImageNet-LT and Places-LT."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from ltzoo import checks
from ltzoo.caller_warnings import warn_caller
from ltzoo.data import arguments
from ltzoo.data.checks import readable
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.exclusions import Excluded
from ltzoo.data.files import FileSplit, use_cache
from ltzoo.data.image_fit import AUTO
from ltzoo.data.image_sizes import fit_of_files
from ltzoo.data.list_file import ListFile, read_list_file
from ltzoo.data.listed_paths import locate_all_in
from ltzoo.data.repeats import Listing, first_paths, normal_paths, repeated_images
from ltzoo.data.splits import Split


def from_list(
    train_list: str | Path,
    image_root: str | Path,
    *,
    val_list: str | Path | None = None,
    test_list: str | Path | None = None,
    image_size: tuple[int, int] = (224, 224),
    channels: int = 3,
    resize: int | None = None,
    fit: str = "crop",
    class_names: Sequence[str] | None = None,
    check: bool = True,
    skip_unreadable: bool = False,
    cache: bool = False,
    exclude: str | Path | Sequence[str | Path] | None = None,
    name: str | None = None,
) -> LongTailedDataset:
    """Make a dataset from text files with one image per line: `path label`.

    The label is the last word of the line, an integer from 0. The path may contain spaces and starts from
    `image_root`. It may be absolute or contain `..`, but must stay in that folder. Backslashes separate folders if
    no file has them in its name. Empty lines are ignored; `list_file.read_list_file` describes encodings and line
    ends. Files are read lazily. A warning counts repeated lines.

    Args:
        train_list: list of training images.
        image_root: folder that the paths start from.
        val_list, test_list: lists of validation and test images, or None.
        image_size: `(height, width)` of the images that the dataset returns.
        channels: 3 (RGB) or 1 (gray).
        resize: length of the shorter side before the center crop; None scales as little as possible.
        fit: how images of any shape become `image_size`: "crop", "squash" or "pad" (see
            `ltzoo.data.image_fit.fit_image`), or "auto", which squashes training images that are cut out around their
            objects (`choose_fit` in that module). Load further data for a trained model with `fit=model.image_fit`.
        class_names: one name per class. By default the folder name, if each class has exactly one folder of
            training images and shares it with no other class; otherwise the numbers 0, 1, ...
        check: check all images now; see `ltzoo.data.checks.readable`. Otherwise only the first image of each list is
            decoded, to catch a wrong `image_root`; other unreadable images raise an error when they are read.
        skip_unreadable: decode all images and leave unreadable ones out, with a warning that names them.
        cache: keep decoded images on disk (`ltzoo.data.decoded_cache`), so that only the first pass over the files
            decodes them, in this process and later ones.
        exclude: images to leave out: a CSV file with a column "path", as `ltzoo check --write` makes it, or a list of
            paths. Relative paths start from `image_root`. One warning counts them and the unknown ones.
        name: name of the dataset; by default the name of `train_list` without its suffix.

    Returns:
        A `LongTailedDataset` of lazily read files.

    Raises:
        FileNotFoundError: a list or `image_root` is missing.
        UnreadableImagesError, UnreadableImageError: some images cannot be read and `skip_unreadable` is
            False.
        TypeError: an argument is of a wrong type.
        ValueError: a line is not "path label", a path leaves `image_root`, a label is out of range, a class has no
            training image, or an image has two labels or is both trained on and tested. The message names file and
            line.
    """
    root = arguments.folder_path(image_root, "image_root")
    if not root.is_dir():
        raise FileNotFoundError(
            "`image_root` must be the folder that the listed paths start from. "
            f"Received: image_root={str(image_root)!r}, which is not a folder"
        )
    size, channels = arguments.image_size(image_size), arguments.channels(channels)
    resize = arguments.resize(resize, size)
    fit = arguments.fit(fit, resize, auto=True)
    check, skip_unreadable = (
        checks.flag("check", check),
        checks.flag("skip_unreadable", skip_unreadable),
    )
    names = None if class_names is None else arguments.class_names(class_names)
    name = name if name is None else arguments.text(name, "name")
    lists = {"train": read_list_file(train_list, "train_list")}
    for split, path in (("val", val_list), ("test", test_list)):
        if path is not None:
            lists[split] = read_list_file(path, f"{split}_list")
    lists = _without(exclude, root, lists)
    _check_labels(lists, names)
    located = {split: locate_all_in(root, entry.paths, entry.place) for split, entry in lists.items()}
    for sentence in _repeats(lists, located):
        warn_caller(sentence)
    if fit == AUTO:
        fit = "crop" if resize is not None else fit_of_files(located["train"], size)
    splits: dict[str, Split] = {
        split: FileSplit(located[split], entry.labels, size, channels, resize, fit)
        for split, entry in lists.items()
    }
    if checks.flag("cache", cache):
        use_cache(cast(FileSplit, split) for split in splits.values())
    if check or skip_unreadable:
        splits = readable(splits, skip_unreadable)
    else:
        for split in splits.values():
            cast(FileSplit, split).open(0)
    if names is None:
        names = folder_names(lists["train"].paths, lists["train"].labels)
    return LongTailedDataset(
        name or lists["train"].file.stem, splits["train"], splits.get("val"), splits.get("test"), names
    )


def _without(exclude: Any, root: Path, lists: dict[str, ListFile]) -> dict[str, ListFile]:
    """Return lists without the lines whose images are excluded."""
    if exclude is None:
        return lists
    excluded, kept = Excluded(exclude, root), {}
    for split, entry in lists.items():
        paths = locate_all_in(root, entry.paths, entry.place)
        rows = excluded.kept(paths)
        kept[split] = ListFile(
            entry.file, [entry.paths[row] for row in rows], entry.labels[rows], entry.lines[rows]
        )
    excluded.say()
    return kept


def _check_labels(lists: Mapping[str, ListFile], names: Sequence[str] | None) -> None:
    """Refuse labels without a class, and classes without a training image, by file and line."""
    train = lists["train"]
    largest = int(train.labels.max())
    if names is None and largest >= len(train.labels):
        raise ValueError(
            f"{train.place(train.position_of_largest())}: the classes must be numbered 0, 1, 2, ... with a training "
            f"image each, so that {len(train.labels)} lines have labels up to {len(train.labels) - 1}. "
            f"Received: label {largest}"
        )
    classes = largest + 1 if names is None else len(names)
    for split, entry in lists.items():
        position = entry.position_of_largest()
        if entry.labels[position] >= classes:
            raise ValueError(
                f"{entry.place(position)}: `{split}` labels must lie in 0..{classes - 1}, the {classes} classes of "
                f"{'the training list' if names is None else '`class_names`'}. "
                f"Received: label {int(entry.labels[position])}"
            )
    missing = np.flatnonzero(np.bincount(train.labels, minlength=classes) == 0)
    if missing.size:
        hint = "; number the classes from 0" if missing[0] == 0 else ""
        raise ValueError(
            f"{train.file}: every class from 0 to {classes - 1} needs at least one training image{hint}. "
            f"Received: no line with label {int(missing[0])}"
            + (f" and {missing.size - 1} other labels" if missing.size > 1 else "")
        )


def _repeats(lists: Mapping[str, ListFile], located: Mapping[str, list[str]]) -> list[str]:
    firsts = first_paths({split: normal_paths(listed) for split, listed in located.items()})
    return repeated_images(
        {split: Listing(firsts[split], entry.labels, entry.place) for split, entry in lists.items()}
    )


def folder_names(paths: Sequence[str], labels: Sequence[int] | np.ndarray) -> list[str] | None:
    """Return class names taken from the image folders, without their common parent.

    Returns:
        One name per label, or None unless folders and labels correspond one to one.
    """
    folders: dict[int, str] = {}
    known: dict[str, str] = {}  # The name of a folder, of what is before the last slash.
    for path, label in zip(paths, np.asarray(labels).tolist(), strict=True):
        before = path.rpartition("/")[0]
        folder = known.get(before)
        if folder is None:
            folder = os.path.dirname(path)
            if before and "\\" not in path:
                known[before] = folder
        if folders.setdefault(label, folder) != folder:
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
