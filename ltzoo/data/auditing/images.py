"""The images that an audit looks at: their files, splits and classes, found without opening them."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ltzoo.checks import received
from ltzoo.data import arguments
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.files import FileSplit
from ltzoo.data.folders import LeftOut, find_images, list_folder, sub_folders
from ltzoo.data.image_names import is_image
from ltzoo.data.split_folders import find_splits, unwrap

SPLITS = ("train", "val", "test")


@dataclasses.dataclass(frozen=True)
class ImageList:
    """Image files with their splits and classes.

    Attributes:
        root: folder that names start from.
        paths: path of each file, `[N]`.
        splits: index into `SPLITS` of each image, `[N]`.
        labels: class index of each image, `[N]`.
        class_names: names of the classes.
        left_out: files that are no readable images, by reason.
        below: path of each image as `--group-by` sees it: below its class folder, or as a table lists it, `[N]`.
        rooted: whether relative paths in a list of excluded images start from `root`.
    """

    root: Path
    paths: list[str]
    splits: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    left_out: LeftOut
    below: list[str]
    rooted: bool = True

    def __len__(self) -> int:
        return len(self.paths)

    def name(self, position: int) -> str:
        """Return the path of an image from `root`, with forward slashes; absolute if it lies elsewhere."""
        return relative_name(self.paths[position], self.root)

    def listed_name(self, position: int) -> str:
        """Return the path by which a list of excluded images names an image."""
        return self.name(position) if self.rooted else os.path.abspath(self.paths[position])

    def split(self, position: int) -> str:
        """Return the name of an image's split."""
        return SPLITS[self.splits[position]]

    def class_of(self, position: int) -> str:
        """Return the name of an image's class."""
        return self.class_names[self.labels[position]]

    def split_counts(self) -> dict[str, int]:
        """Return the number of images by split."""
        return {name: int((self.splits == number).sum()) for number, name in enumerate(SPLITS)}

    def train_counts(self, kept: np.ndarray | None = None) -> np.ndarray:
        """Return the number of training images per class, `[C]`, of those in the mask `kept`."""
        chosen = self.splits == 0 if kept is None else (self.splits == 0) & kept
        return np.bincount(self.labels[chosen], minlength=len(self.class_names))


def relative_name(path: str | os.PathLike, root: str | os.PathLike) -> str:
    """Return a path from a folder with forward slashes, or the absolute path if it lies elsewhere."""
    path, root = os.path.abspath(path), os.path.abspath(root)
    inside = os.path.join(root, "")
    return (path.removeprefix(inside) if path.startswith(inside) else path).replace(os.sep, "/")


def list_images(source: str | os.PathLike | LongTailedDataset | ImageList) -> ImageList:
    """Return the images of a folder or dataset.

    Args:
        source: a folder in any layout that `from_directory` reads, a folder of images without classes, a dataset of
            files, or what this function returned.

    Raises:
        FileNotFoundError: the folder is missing or holds no image.
        TypeError: `source` is neither a path nor a dataset.
        ValueError: the layout is ambiguous, or the dataset is not made of files.
    """
    if isinstance(source, ImageList):
        return source
    if isinstance(source, LongTailedDataset):
        return _of_dataset(source)
    return _of_folder(arguments.folder_path(source, "path"))


def _of_dataset(dataset: LongTailedDataset) -> ImageList:
    paths, splits, labels = [], [], []
    for name, split in dataset.splits().items():
        if not isinstance(split, FileSplit):
            raise ValueError(
                "`path` must be a folder, or a dataset of image files as `from_directory`, `from_list` and "
                f"`from_table` make it. {received('path', dataset)}"
            )
        paths += split.paths
        splits += [SPLITS.index(name)] * len(split)
        labels += split.labels.tolist()
    try:
        folders = {os.path.dirname(path) for path in paths}
        root = Path(os.path.commonpath(list(map(os.path.abspath, folders))))
    except ValueError:  # Several drives.
        root = Path(os.path.abspath(os.sep))
    names = dataset.class_names
    below = _below_classes(paths, labels, root, names)
    return ImageList(root, paths, *_arrays(splits, labels), tuple(names), LeftOut(), below, rooted=False)


def _below_classes(
    paths: Sequence[str], labels: Sequence[int], root: Path, names: Sequence[str]
) -> list[str]:
    """Return the part of each path below the folder that is named like its class; the file name if there is none."""
    known: dict[tuple[str, int], str] = {}
    below = []
    for path, label in zip(paths, labels, strict=True):
        folder, file = os.path.split(path)
        start = known.get((folder, label))
        if start is None:
            parts = relative_name(folder, root).split("/")
            name = names[label].split("/")[-1]
            inside = parts[parts.index(name) + 1 :] if name in parts else []
            start = known[folder, label] = "".join(f"{part}/" for part in inside)
        below.append(start + file)
    return below


def _of_folder(path: Path) -> ImageList:
    if not path.is_dir():
        raise FileNotFoundError(
            "`path` must be a folder with one subfolder of images per class. "
            f"Received: path={str(path)!r}, which is {'a file' if path.exists() else 'missing'}"
        )
    left_out = LeftOut()
    folders = _class_folders(path, left_out)
    found = find_images(folders, left_out)
    names = arguments.class_names(sorted({name for split in found.values() for name in split}))
    paths, below, splits, labels = [], [], [], []
    for split in SPLITS:
        for label, name in enumerate(names):
            files = found.get(split, {}).get(name, [])
            paths += files
            below += [relative_name(file, folders[split][name]) for file in files]
            splits += [SPLITS.index(split)] * len(files)
            labels += [label] * len(files)
    if not paths:
        raise FileNotFoundError(
            "`path` must be a folder with one subfolder of images per class. "
            f"Received: path={str(path)!r}, which holds no image"
        )
    return ImageList(path, paths, *_arrays(splits, labels), tuple(names), left_out, below)


def _class_folders(path: Path, left_out: LeftOut) -> dict[str, dict[str, Path]]:
    """Return the class folders by split; a folder without subfolders is a class of its own."""
    if not sub_folders(path):
        return {"train": {path.resolve().name or "images": path}}
    folders = find_splits(path)
    known = [folder.name for folder in sub_folders(folders["train"])]
    classes = {}
    for split, folder in folders.items():
        folder = folder if split == "train" else unwrap(folder, known)
        classes[split] = {child.name: child for child in sub_folders(folder)}
        for entry in list_folder(folder):
            if is_image(entry.name) and not entry.is_dir():
                left_out.add(entry.path, "images next to the class folders, which have no class")
    return classes


def _arrays(splits: list[int], labels: list[int]) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(splits, np.int8), np.asarray(labels, np.int64)
