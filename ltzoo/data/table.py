"""A dataset from a table with one row per image: a CSV or Parquet file, a DataFrame, or a dict of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ltzoo import checks
from ltzoo.caller_warnings import warn_caller
from ltzoo.data import arguments, table_values
from ltzoo.data.checks import readable
from ltzoo.data.class_spellings import spelled_alike
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.exclusions import Excluded
from ltzoo.data.files import FileSplit, use_cache
from ltzoo.data.given_test import check_one_source, unseen_tests
from ltzoo.data.grouping import group_rule, groups_of_paths, is_rule
from ltzoo.data.held_out import hold_out_missing, say_shared_groups
from ltzoo.data.image_fit import AUTO
from ltzoo.data.image_sizes import fit_of_files
from ltzoo.data.listed_paths import locate_all_in, locate_from
from ltzoo.data.repeats import Listing, first_paths, normal_paths, repeated_images
from ltzoo.data.splits import Split
from ltzoo.data.table_columns import JoinedTables, Table, read_table

Rows = Table | JoinedTables


def from_table(
    table: Any,
    *,
    image: str = "path",
    label: str = "label",
    split: str | None = None,
    group: str | None = None,
    image_root: str | Path | None = None,
    image_size: tuple[int, int] = (224, 224),
    channels: int = 3,
    fit: str = "crop",
    validation_fraction: float = 0.1,
    test: Any = None,
    test_fraction: float = 0.0,
    seed: int = 0,
    check: bool = True,
    skip_unreadable: bool = False,
    cache: bool = False,
    class_names: Sequence[str] | None = None,
    exclude: str | Path | Sequence[str | Path] | None = None,
    partial: bool = False,
    name: str | None = None,
) -> LongTailedDataset:
    """Make a dataset from a table with one row per image.

    A table is a text file with a heading and commas, semicolons or tabs between the values (CSV, TSV), a Parquet file,
    a DataFrame of pandas or polars, a table of Arrow, or a dict of columns; `ltzoo.data.table_columns.read_table` says
    more. Relative paths start from `image_root`, or from the folder of the table, or for tables in memory from the
    current folder. Backslashes separate folders if no file has them in its name. Files are read lazily. A warning
    counts repeated images.

    Args:
        table: path of the file, or the table itself.
        image: name of the column with the path of each image.
        label: name of the column with the class of each image: its name, or a whole number.
        split: name of the column that says train, val or test, in any common spelling. None: all rows are for training.
        group: name of the column with what an image belongs to (an animal, a patient, a camera), or a rule for the
            listed paths, "folder:1" or "regex:PATTERN" (`ltzoo.data.grouping.group_rule`). Images that are held out
            for validation are then whole groups, and so are the folds of `ltzoo.data.folds`.
        image_root: folder that the paths start from and must stay in. None takes absolute paths as they are.
        image_size: `(height, width)` of the images that the dataset returns.
        channels: 3 (RGB) or 1 (gray).
        fit: how images of any shape become `image_size`: "crop", "squash" or "pad" (see
            `ltzoo.data.image_fit.fit_image`), or "auto", which squashes training images that are cut out around their
            objects (`choose_fit` in that module). Load further data for a trained model with `fit=model.image_fit`.
        validation_fraction: share of each class's training images to hold out when no row is for validation.
            A class of two or more images gives at least one and keeps at least one, as far as groups and repeats
            allow; 0 holds nothing out.
        test: another table, with a test image per row, and with the columns of `table` except `split`. Every label must
            be that of a training image; classes without test images are named in a warning. Links to images for
            training are refused, and copies of images for training or validation are left out with a warning.
        test_fraction: share of each class's training images to hold out for testing, in the same way as for validation
            and before it; copies of a file stay on one side. It needs data without test images.
        seed: selects the held-out images.
        check: check all images now; see `ltzoo.data.checks.readable`. Otherwise only the first image of each split is
            decoded, to catch a wrong `image_root`; other unreadable images raise an error when they are read.
        skip_unreadable: decode all images and leave unreadable ones out, with a warning that names them.
        cache: keep decoded images on disk (`ltzoo.data.decoded_cache`), so that only the first pass over the files
            decodes them, in this process and later ones.
        class_names: names and order of the classes, for example from a trained model. By default the sorted labels; if
            all are whole numbers, sorted by value. Labels that are whole numbers count names that are not, from 0.
        exclude: images to leave out: a CSV file with a column "path", as `ltzoo check --write` makes it, or a list of
            paths. Relative paths start where those of the table do. One warning counts them and the unknown ones.
        partial: whether classes of `class_names` may be without images, in data that are measured and never trained on.
        name: name of the dataset; by default the name of the file without its suffix, or "table".

    Returns:
        A `LongTailedDataset` of lazily read files.

    Raises:
        FileNotFoundError: the table or `image_root` is missing.
        ImportError: a library to read Parquet is missing.
        UnreadableImagesError, UnreadableImageError: some images cannot be read and `skip_unreadable` is False.
        TypeError: an argument is of a wrong type.
        ValueError: a column is missing, a value is missing or wrong, a class has no training image, an image has two
            labels or is both trained on and tested, or test images are given twice. The message names file and row.

    Warns:
        UserWarning: images repeat, classes differ in spelling only, groups are both trained on and tested, or groups
            are too large for the share of validation images.
    """
    rule = group_rule(group, "group") if isinstance(group, str) and is_rule(group) else None
    roles = {"image": image, "label": label, "split": split, "group": None if rule else group}
    columns = {
        role: arguments.text(column, role)
        for role, column in roles.items()
        if column is not None or role in ("image", "label")
    }
    size, channels = arguments.image_size(image_size), arguments.channels(channels)
    fit = arguments.fit(fit, auto=True)
    fraction = checks.number("validation_fraction", validation_fraction, least=0, below=1)
    seed = checks.integer("seed", seed, 0, arguments.LARGEST_SEED)
    check, skip_unreadable = checks.flag("check", check), checks.flag("skip_unreadable", skip_unreadable)
    cache = checks.flag("cache", cache)
    given = None if class_names is None else arguments.class_names(class_names)
    name = name if name is None else arguments.text(name, "name")
    root = None if image_root is None else _existing_folder(image_root)
    share = checks.number("test_fraction", test_fraction, least=0, below=1)
    read, rows = _rows(read_table(table, columns), test, columns)
    check_one_source(rows.get("test") if test is None else None, test, share)

    labels, names = table_values.classes(read.columns[label], read.place, label, given)
    listed = table_values.paths(read.columns[image], read.place, image)
    located = _located(read, listed, root)
    groups = None if group is None else _groups(read, group, listed)
    if exclude is not None:
        rows = _without(Excluded(exclude, root or read.start()), rows, located)
    if not checks.flag("partial", partial):
        _check_trained(read, rows, labels, names, given is None)
    if fit == AUTO:
        fit = fit_of_files([located[row] for row in rows["train"]], size)
    files = {}
    for part, own in rows.items():
        files[part] = FileSplit([located[row] for row in own], labels[own], size, channels, fit=fit)
        files[part].groups = None if groups is None else groups[own]
    firsts = first_paths({part: normal_paths(data.paths) for part, data in files.items()})
    for sentence in _repeats(read, rows, labels, firsts) + spelled_alike(names):
        warn_caller(sentence)
    say_shared_groups(files)
    if test is not None:
        files["test"] = unseen_tests(files, names)
    if cache:
        use_cache(files.values())
    splits: dict[str, Split] = dict(files)
    if check or skip_unreadable:
        splits = readable(splits, skip_unreadable)
    else:
        for data in files.values():
            data.open(0)
    splits = hold_out_missing(splits, files["train"], firsts["train"], names, (share, fraction), seed)
    name = name or (read.file.stem if read.file else "table")
    return LongTailedDataset(name, splits["train"], splits.get("val"), splits.get("test"), names, partial)


def listed_images(table: Any, image: str = "path", image_root: str | Path | None = None) -> list[str]:
    """Return where the images of a table are, in its order; see `from_table`.

    Args:
        table: path of the file, or the table itself.
        image: name of the column with the path of each image.
        image_root: folder that the paths start from and must stay in, or None.
    """
    root = None if image_root is None else _existing_folder(image_root)
    read = read_table(table, {"image": arguments.text(image, "image")})
    return _located(read, table_values.paths(read.columns[image], read.place, image), root)


def _existing_folder(path: str | Path) -> Path:
    folder = arguments.folder_path(path, "image_root")
    if not folder.is_dir():
        raise FileNotFoundError(
            "`image_root` must be the folder that the paths in the table start from. "
            f"Received: image_root={str(path)!r}, which is not a folder"
        )
    return folder


def _located(table: Rows, paths: Sequence[str], root: Path | None) -> list[str]:
    if root is not None:
        return locate_all_in(root, paths, table.place)
    return [locate_from(table.start(row), path) for row, path in enumerate(paths)]


def _without(
    excluded: Excluded, rows: Mapping[str, np.ndarray], located: Sequence[Any]
) -> dict[str, np.ndarray]:
    """Return the rows of each split whose images are not excluded."""
    kept = {part: own[excluded.kept([located[row] for row in own])] for part, own in rows.items()}
    excluded.say()
    return kept


def _rows(table: Table, test: Any, columns: Mapping[str, str]) -> tuple[Rows, dict[str, np.ndarray]]:
    """Return all rows, those of a table of test images last, and which of them are in each split."""
    split = columns.get("split")
    rows = {"train": np.arange(len(next(iter(table.columns.values()))))}
    if split is not None:
        rows = table_values.splits(table.columns[split], table.place, split)
    if test is None:
        return table, rows
    check_one_source(f"rows for test in the column {split!r}" if "test" in rows else None, test, 0)
    own = {role: column for role, column in columns.items() if role != "split"}
    tests = read_table(test, own, "test")
    joined = JoinedTables(table._replace(columns={name: table.columns[name] for name in own.values()}), tests)
    rows["test"] = np.arange(joined.size, joined.size + len(next(iter(tests.columns.values()))))
    return joined, rows


def _groups(table: Rows, group: str, listed: Sequence[str]) -> np.ndarray:
    """Return the group of each row, by a column or by a rule for the paths."""
    if is_rule(group):
        return groups_of_paths(group, {"": [path.replace("\\", "/") for path in listed]})[""]
    return table_values.groups(table.columns[group], table.place, group)


def _repeats(
    table: Rows, rows: Mapping[str, np.ndarray], labels: np.ndarray, firsts: Mapping[str, Sequence[str]]
) -> list[str]:
    return repeated_images(
        {part: Listing(firsts[part], labels[own], partial(_place, table, own)) for part, own in rows.items()}
    )


def _place(table: Rows, rows: np.ndarray, position: int) -> str:
    return table.place(int(rows[position]))


def _check_trained(
    table: Rows, rows: dict[str, np.ndarray], labels: np.ndarray, names: Sequence[str], from_labels: bool
) -> None:
    """Refuse classes that are measured but not trained on, by file and row; name classes without any image."""
    trained = np.bincount(labels[rows["train"]], minlength=len(names)) > 0
    for part, own in rows.items():
        unknown = own[~trained[labels[own]]]
        if unknown.size:
            raise ValueError(
                f"{table.place(int(unknown[0]))}: every class must have at least one training image; mark some of its "
                f"rows as train, or remove them. Received: a {part} image of {names[int(labels[unknown[0]])]!r}, which "
                "has none"
            )
    if not from_labels and not trained.all():
        without = [names[label] for label in np.flatnonzero(~trained).tolist()]
        raise ValueError(
            f"every class in `class_names` must have at least one training image in the table. Received: none of "
            f"{', '.join(map(repr, without[:5]))}"
            + (f" and {len(without) - 5} more" if len(without) > 5 else "")
        )
