"""A dataset from a folder with one subfolder of images per class."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from ltzoo.data.checks import readable
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.files import FileSplit
from ltzoo.data.splits import Split
from ltzoo.data.subset import stratified_split

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm")
_SPLIT_FOLDERS = {"train": ("train", "training"), "val": ("val", "valid", "validation"), "test": ("test",)}


def from_directory(
    path: str | Path,
    *,
    image_size: tuple[int, int] = (224, 224),
    channels: int = 3,
    validation_fraction: float = 0.1,
    test_dir: str | Path | None = None,
    seed: int = 0,
    check: bool = True,
    skip_unreadable: bool = False,
    class_names: Sequence[str] | None = None,
    name: str | None = None,
) -> LongTailedDataset:
    """Make a dataset from image files; class counts and names come from the folders.

    Two layouts are recognized: `path/CLASS/image.jpg`, and `path/train/CLASS/image.jpg` with optional `val`
    (or `valid`, `validation`) and `test` folders next to `train`. Class folders are searched recursively.
    Hidden files and files without an image suffix are ignored. Files are read lazily.

    Args:
        path: the folder.
        image_size: `(height, width)`. The shorter side is resized and the center cropped to this size.
        channels: 3 (RGB) or 1 (gray).
        validation_fraction: share of each class's training images to hold out when there is no `val` folder.
            A class of two or more images gives at least one and keeps at least one; 0 holds nothing out.
        test_dir: folder of test images with one subfolder per class, if it is not `path/test`.
        seed: selects the held-out images.
        check: decode every image once now. Otherwise an unreadable image raises an error when it is read.
        skip_unreadable: leave unreadable images out, with a warning that names them. Implies `check`.
        class_names: names and order of the classes, for example from a trained model; by default the sorted
            folder names.
        name: name of the dataset; by default the folder name.

    Returns:
        A `LongTailedDataset` of lazily read files.

    Raises:
        FileNotFoundError: the folder is missing or has no class folders.
        UnreadableImagesError: some images cannot be read and `skip_unreadable` is False.
        ValueError: a class has no training image, a folder is not a known class, or an argument is invalid.
    """
    path = _existing_folder(Path(path).expanduser(), "path")
    folders = _split_folders(path)
    if test_dir is not None:
        folders["test"] = _existing_folder(Path(test_dir).expanduser(), "test_dir")
    classes = _class_folders(folders["train"])
    names = sorted(classes) if class_names is None else [str(entry) for entry in class_names]
    splits: dict[str, Split] = {
        split_name: _read_folder(folder, names, image_size, channels)
        for split_name, folder in folders.items()
    }
    if check or skip_unreadable:
        splits = readable(splits, skip_unreadable)
    if "val" not in splits:
        train = splits["train"]
        kept, held_out = stratified_split(train.labels, validation_fraction, seed)
        if held_out.size:
            splits["train"], splits["val"] = train.subset(kept), train.subset(held_out)
    return LongTailedDataset(
        name or path.resolve().name, splits["train"], splits.get("val"), splits.get("test"), names
    )


def shorter_sides(path: str | Path, images: int = 200) -> list[int]:
    """Return the shorter sides, in pixels, of a sample of the image files in a folder.

    Args:
        path: the folder, searched recursively.
        images: approximate size of the sample. It is spread evenly over the sorted files.

    Returns:
        One length per readable file of the sample; unreadable files are left out.
    """
    files = _image_files(Path(path).expanduser())
    sides = []
    for file in files[:: max(1, len(files) // images)]:
        try:
            with Image.open(file) as image:
                sides.append(min(image.size))
        except OSError:
            continue
    return sides


def _existing_folder(folder: Path, argument: str) -> Path:
    if not folder.is_dir():
        raise FileNotFoundError(
            f"`{argument}` must be a folder with one subfolder of images per class. "
            f"Received: {argument}={str(folder)!r}, which is {'a file' if folder.exists() else 'missing'}"
        )
    return folder


def _split_folders(path: Path) -> dict[str, Path]:
    """Return the train, val and test subfolders if train/ has class folders, else `path` for training."""
    children = {child.name: child for child in _visible_folders(path)}
    found = {}
    for split_name, spellings in _SPLIT_FOLDERS.items():
        present = [children[spelling] for spelling in spellings if spelling in children]
        if len(present) > 1:
            raise ValueError(
                f"`path` must have one folder per split. Received: {present[0]} and {present[1]}"
            )
        if present:
            found[split_name] = present[0]
    if "train" not in found or not _visible_folders(found["train"]):
        return {"train": path}
    unexpected = sorted(set(children) - {folder.name for folder in found.values()})
    if unexpected:
        raise ValueError(
            "`path` must hold either class folders or train/, val/ and test/ folders, not both. "
            f"Received: {path} with {found['train'].name}/ and {unexpected[0]}/"
        )
    return found


def _visible_folders(folder: Path) -> list[Path]:
    return sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))


def _class_folders(folder: Path) -> dict[str, Path]:
    classes = {child.name: child for child in _visible_folders(folder)}
    if not classes:
        raise FileNotFoundError(
            "`path` must be a folder with one subfolder of images per class, such as cats/ and dogs/. "
            f"Received: {folder}, which has no subfolder"
        )
    return classes


def _read_folder(folder: Path, names: list[str], image_size: tuple[int, int], channels: int) -> FileSplit:
    classes = _class_folders(folder)
    unknown = sorted(set(classes) - set(names))
    if unknown:
        raise ValueError(
            f"every folder in {folder} must be one of the {len(names)} classes of the training data or of "
            f"`class_names`. Received: folder {unknown[0]!r}"
        )
    paths, labels = [], []
    for label, class_name in enumerate(names):
        found = _image_files(classes[class_name]) if class_name in classes else []
        paths += found
        labels += [label] * len(found)
    return FileSplit(paths, labels, image_size, channels)


def _image_files(folder: Path) -> list[str]:
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(entry for entry in folders if not entry.startswith("."))
        images = (entry for entry in files if not entry.startswith("."))
        found += [os.path.join(parent, entry) for entry in images if entry.lower().endswith(IMAGE_SUFFIXES)]
    return sorted(found)
