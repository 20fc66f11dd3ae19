"""A dataset from a folder with one subfolder of images per class."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from ltzoo import checks
from ltzoo.caller_warnings import warn_caller
from ltzoo.data import arguments
from ltzoo.data.checks import readable
from ltzoo.data.class_spellings import folded, spelled_alike
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.exclusions import Excluded
from ltzoo.data.files import FileSplit, use_cache
from ltzoo.data.folders import LeftOut, find_images, list_folder, sub_folders
from ltzoo.data.given_test import check_one_source, unseen_tests
from ltzoo.data.grouping import group_rule, groups_of_paths
from ltzoo.data.held_out import hold_out_missing, say_shared_groups
from ltzoo.data.image_fit import AUTO
from ltzoo.data.image_names import is_image
from ltzoo.data.image_sizes import fit_of_files, sample_of_sizes
from ltzoo.data.repeats import Listing, first_paths, repeated_images
from ltzoo.data.split_folders import find_splits, unwrap
from ltzoo.data.splits import Split


def from_directory(
    path: str | Path,
    *,
    image_size: tuple[int, int] = (224, 224),
    channels: int = 3,
    fit: str = "crop",
    validation_fraction: float = 0.1,
    test: str | Path | None = None,
    test_fraction: float = 0.0,
    group_by: str | None = None,
    seed: int = 0,
    check: bool = True,
    skip_unreadable: bool = False,
    cache: bool = False,
    class_names: Sequence[str] | None = None,
    exclude: str | Path | Sequence[str | Path] | None = None,
    partial: bool = False,
    name: str | None = None,
) -> LongTailedDataset:
    """Make a dataset from image files; class counts and names come from the folders.

    Two layouts are recognized: `path/CLASS/image.jpg`, and `path/train/CLASS/image.jpg` with optional validation
    and test folders next to `train`. The split folders may have any common spelling (Training, test_set, valid,
    VAL, ...), and folders that only wrap another one are entered. Layouts that look like splits in another way
    are refused. Class folders are searched recursively, links to folders are followed once. Files are read lazily.

    Hidden entries and those of operating systems (`__MACOSX`, `@eaDir`, `Thumbs.db`, ...) are ignored. One warning
    counts what else is left out: images of formats that Pillow does not read, videos, archives, broken links, pipes,
    and images next to the class folders.

    Args:
        path: the folder.
        image_size: `(height, width)` of the images that the dataset returns.
        channels: 3 (RGB) or 1 (gray).
        fit: how images of any shape become `image_size`: "crop", "squash" or "pad" (see
            `ltzoo.data.image_fit.fit_image`), or "auto", which squashes training images that are cut out around their
            objects (`choose_fit` in that module). Load further data for a trained model with `fit=model.image_fit`.
        validation_fraction: share of each class's training images to hold out when there is no `val` folder.
            A class of two or more images gives at least one and keeps at least one; 0 holds nothing out.
        test: folder of test images with one subfolder per class, if there is no test folder in `path`. Every subfolder
            must be a class of the training data; classes without test images are named in a warning. Links to images
            for training are refused, and copies of images for training or validation are left out with a warning.
        test_fraction: share of each class's training images to hold out for testing, in the same way as for validation
            and before it; copies of a file stay on one side. It needs data without test images.
        group_by: which images belong together, such as those of one animal, patient or camera: "folder:1" for the
            first folder below the class folder, or "regex:PATTERN" for a part of the path below the class folder; see
            `ltzoo.data.grouping.group_rule`. Images that are held out are then whole groups, and so are the folds of
            `ltzoo.data.folds`. None: every image is for itself.
        seed: selects the held-out images.
        check: check all images now; see `ltzoo.data.checks.readable`. Otherwise an unreadable image raises an error
            when it is read.
        skip_unreadable: decode all images and leave unreadable ones out, with a warning that names them.
        cache: keep decoded images on disk (`ltzoo.data.decoded_cache`), so that only the first pass over the files
            decodes them, in this process and later ones.
        class_names: names and order of the classes, for example from a trained model; by default the sorted
            folder names. If all folders in `path` have these names, none of them is taken for a split.
        exclude: images to leave out: a CSV file with a column "path", as `ltzoo check --write` makes it, or a list of
            paths. Relative paths start from `path`. One warning counts them and the unknown ones.
        partial: whether classes of `class_names` may be without images, in data that are measured and never trained on.
        name: name of the dataset; by default the folder name.

    Returns:
        A `LongTailedDataset` of lazily read files.

    Raises:
        FileNotFoundError: the folder is missing or has no class folders.
        UnreadableImagesError: some images cannot be read and `skip_unreadable` is False.
        OSError: a folder cannot be read.
        TypeError: an argument is of a wrong type.
        ValueError: the layout is ambiguous, there is only one class, a class has no training image, a folder is not
            a known class, an image is both trained on and tested, test images are given twice, `exclude` lists all
            training images of a class, or an argument is invalid.

    Warns:
        UserWarning: files are left out, images repeat, classes differ in spelling only, groups are both trained on and
            tested, images have no group, or groups are too large for the share of validation images.
    """
    path = _existing_folder(path, "path")
    size, channels = arguments.image_size(image_size), arguments.channels(channels)
    fit = arguments.fit(fit, auto=True)
    fraction = checks.number("validation_fraction", validation_fraction, least=0, below=1)
    seed = checks.integer("seed", seed, 0, arguments.LARGEST_SEED)
    check, skip_unreadable = (
        checks.flag("check", check),
        checks.flag("skip_unreadable", skip_unreadable),
    )
    rule = None if group_by is None else group_rule(group_by)
    given = None if class_names is None else arguments.class_names(class_names)
    name = path.resolve().name or "images" if name is None else arguments.text(name, "name")
    tests = None if test is None else _existing_folder(test, "test")
    share = checks.number("test_fraction", test_fraction, least=0, below=1)
    excluded = None if exclude is None else Excluded(exclude, path)

    folders = find_splits(path, given, tests)
    check_one_source(folders.get("test"), test, share)
    if tests is not None:
        folders["test"] = tests
    classes = {"train": _class_folders(folders["train"], tests)}
    names = arguments.class_names(sorted(classes["train"])) if given is None else given
    for split in sorted(folders.keys() - {"train"}):
        folders[split] = unwrap(folders[split], names)
        given_test = split == "test" and tests is not None
        classes[split] = _class_folders(folders[split], argument="test" if given_test else "path")
    left_out = LeftOut()
    for split, found in classes.items():
        _check_known(folders[split], found, names)
        _add_loose_images(folders[split], left_out)
    images = find_images(classes, left_out)
    images = images if excluded is None else excluded.from_folders(images)
    if fit == AUTO:
        fit = fit_of_files([path for paths in images["train"].values() for path in paths], size)
    files = {split: _file_split(found, names, size, channels, fit) for split, found in images.items()}
    firsts = first_paths({split: data.paths for split, data in files.items()})
    listings = {split: Listing(firsts[split], data.labels, data.describe) for split, data in files.items()}
    for sentence in _remarks(path, names, left_out) + repeated_images(listings):
        warn_caller(sentence)
    if rule is not None:
        _give_groups(rule, files, classes, images)
    if tests is not None:
        files["test"] = unseen_tests(files, names)
    if checks.flag("cache", cache):
        use_cache(files.values())
    splits: dict[str, Split] = dict(files)
    if check or skip_unreadable:
        splits = readable(splits, skip_unreadable)
    splits = hold_out_missing(splits, files["train"], firsts["train"], names, (share, fraction), seed)
    partial = checks.flag("partial", partial)
    return LongTailedDataset(name, splits["train"], splits.get("val"), splits.get("test"), names, partial)


def shorter_sides(path: str | Path, images: int = 200) -> list[int]:
    """Return the shorter sides, in pixels, of a sample of the image files in a folder.

    Args:
        path: the folder, searched recursively.
        images: approximate size of the sample. It is spread evenly over the sorted files.

    Returns:
        One length per readable file of the sample; unreadable files are left out.
    """
    folder = Path(path).expanduser()
    files = find_images({"all": {"all": folder}}, LeftOut())["all"]["all"]
    return [min(size) for size in sample_of_sizes(files, images)]


def _existing_folder(path: str | Path, argument: str) -> Path:
    folder = arguments.folder_path(path, argument)
    if not folder.is_dir():
        raise FileNotFoundError(
            f"`{argument}` must be a folder with one subfolder of images per class. "
            f"Received: {argument}={str(folder)!r}, which is {'a file' if folder.exists() else 'missing'}"
        )
    return folder


def _class_folders(folder: Path, but: Path | None = None, argument: str = "path") -> dict[str, Path]:
    found = sub_folders(folder)
    classes = {child.name: child for child in found if but is None or not child.samefile(but)}
    if not classes:
        raise FileNotFoundError(
            f"`{argument}` must be a folder with one subfolder of images per class, such as cats/ and dogs/. "
            f"Received: {folder}, which has no subfolder"
        )
    return classes


def _check_known(folder: Path, classes: Mapping[str, Path], names: Sequence[str]) -> None:
    unknown = sorted(set(classes) - set(names))
    if unknown:
        alike = [name for name in names if folded(name) == folded(unknown[0])]
        raise ValueError(
            f"every folder in {folder} must be one of the {len(names)} classes of the training data or of "
            f"`class_names`{f'; rename it to {alike[0]!r}' if alike else ''}. Received: folder {unknown[0]!r}"
        )


def _add_loose_images(folder: Path, left_out: LeftOut) -> None:
    for entry in list_folder(folder):
        if is_image(entry.name) and not entry.is_dir():
            left_out.add(entry.path, "images next to the class folders, which have no class")


def _file_split(
    found: Mapping[str, list[str]], names: Sequence[str], size: tuple[int, int], channels: int, fit: str
) -> FileSplit:
    paths = [path for name in names for path in found.get(name, [])]
    labels = [label for label, name in enumerate(names) for _ in found.get(name, [])]
    return FileSplit(paths, labels, size, channels, fit=fit)


def _give_groups(
    rule: str,
    files: Mapping[str, FileSplit],
    classes: Mapping[str, Mapping[str, Path]],
    images: Mapping[str, Mapping[str, list[str]]],
) -> None:
    """Give the splits the groups that a rule finds in the paths below the class folders."""
    below = {
        path: os.path.relpath(path, folder).replace(os.sep, "/")
        for split, folders in classes.items()
        for name, folder in folders.items()
        for path in images[split][name]
    }
    groups = groups_of_paths(rule, {split: [below[p] for p in data.paths] for split, data in files.items()})
    for split, data in files.items():
        data.groups = groups[split]
    say_shared_groups(files)


def _remarks(path: Path, names: Sequence[str], left_out: LeftOut) -> list[str]:
    """Return what the user should know about the files that are left out, and about the names of the classes."""
    remarks = []
    if left_out:
        remarks.append(f"left out {len(left_out)} files and links of {path}: {left_out.summary()}")
    return remarks + spelled_alike(names)
