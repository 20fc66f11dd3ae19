"""Turn the options of a command into a dataset."""

import os
from pathlib import Path

from ltzoo.cli import given_files, table_options, testing_options
from ltzoo.cli.given_words import option
from ltzoo.cli.table_options import is_table
from ltzoo.cli.user_errors import UserError

# The arguments of a command that `load_dataset` reads.
KEYS = (
    "data", "data_dir", "image_root", "imbalance_factor", "image_size", "channels", "data_seed",
    "validation_fraction", "skip_unreadable", "exclude", "fit", "folds", "fold", *table_options.KEYS,
    *testing_options.KEYS,
)  # fmt: skip


def resolve(data: str) -> str:
    """Return a dataset's name unchanged, and the path of an existing folder or table made absolute."""
    from ltzoo import data as datasets

    if datasets.facts(data) is None and Path(data).expanduser().is_dir():
        return str(Path(data).expanduser().resolve())
    if datasets.facts(data) is None and is_table(data):
        table = Path(data).expanduser().absolute()  # Its paths start where the link to it is.
        if not table.is_file():
            raise UserError(f"--data must be an existing folder or table. Received: {data}")
        return str(table)
    try:
        datasets.check(data)
    except ValueError as error:
        raise UserError(
            f"--data must be a folder with one sub-folder of images per class, {table_options.WORDS}, or the name of a "
            f"dataset: {error}"
        ) from error
    return data


def check(arguments: dict) -> None:
    """Refuse a dataset or options that `load_dataset` would refuse, without reading its images.

    Args:
        arguments: values for `KEYS`, with `data` already resolved.
    """
    from ltzoo import data as datasets

    given = {key: arguments[key] for key in KEYS if arguments.get(key) is not None}
    name = given["data"]
    for key in ("data_dir", "image_root"):
        if key in given and not Path(given[key]).expanduser().exists():
            raise UserError(f"{option(key)} must exist. Received: {given[key]}")
    if os.path.isabs(name):
        _check_images(given)
        return
    _refuse(
        given,
        (*table_options.KEYS, *testing_options.KEYS),
        f"the dataset {name} has its own images and splits",
    )
    _refuse(given, ("channels", "validation_fraction", "fit", "exclude"), f"the dataset {name} has its own")
    known = datasets.facts(name)
    lists = [] if known is None else list(known.lists.values())
    if not lists:
        return
    if "data_dir" not in given:
        raise UserError(
            f"--data-dir is missing: the folder with {', '.join(lists)} for {name}, and with the images that they "
            "list (or give --image-root). Received: no --data-dir"
        )
    for file in lists:
        if not (Path(given["data_dir"]).expanduser() / file).is_file():
            raise UserError(
                f"--data-dir must hold {', '.join(lists)} for {name}, and {file} is missing. "
                f"Received: {given['data_dir']}"
            )


def _check_images(given: dict) -> None:
    """Refuse options that do not fit a folder or a table, or what the table itself has not."""
    table = is_table(given["data"])
    testing_options.check_testing(given)
    _refuse(given, ("imbalance_factor",), f"a {'table' if table else 'folder'} keeps all its images")
    if table:
        _refuse(given, ("data_dir",), "it is for named datasets")
        table_options.check_table(given)
        return
    _refuse(given, ("data_dir", "image_root"), "they are for named datasets")
    _refuse(given, ("image_column", "label_column", "split_column"), "columns are for tables")
    table_options.check_groups(given)


def load_dataset(
    arguments: dict, class_names=None, cache: bool = False, partial: bool = False, undivided: bool = False
):
    """Load the `LongTailedDataset` that a command's arguments describe.

    Args:
        arguments: values for `KEYS`; None or a missing key means the default.
        class_names: class names in label order, for a folder or table; default: its sorted sub-folders or labels.
        cache: keep decoded images of a folder or table on disk.
        partial: let a folder or table lack some of the classes, as it is only measured.
        undivided: return the data of all folds, for `of_fold`, where `arguments` have folds.
    """
    from ltzoo import data as datasets

    given = {key: arguments[key] for key in KEYS if arguments.get(key) is not None}
    name = given.pop("data")
    seed = given.pop("data_seed", 0)
    folds, fold = given.pop("folds", None), given.pop("fold", None)
    if "image_size" in given:
        given["image_size"] = tuple(given["image_size"])
    if "channels" in given:
        given["channels"] = int(given["channels"])
    if "exclude" in given:
        given["exclude"] = given_files.unchanged(
            given["exclude"],
            "The excluded images",
            "as validation images are chosen among the others; restore {path}, or train again",
        )
    if "test" in given:
        given["test"] = given_files.unchanged(
            given["test"],
            "The test images",
            "so that results can be compared; restore them, or measure the others with "
            "'ltzoo evaluate RUN --test {path}'",
        )
    check(arguments)
    if not os.path.isabs(name):
        dataset = datasets.load(name, seed=seed, **given)
    else:
        if folds is not None:
            given["validation_fraction"] = 0.0
        load = datasets.from_directory
        if is_table(name):
            columns = table_options.table_arguments(given)
            given = {
                **{key: value for key, value in given.items() if key not in table_options.KEYS},
                **columns,
            }
            load = datasets.from_table
        dataset = load(name, seed=seed, class_names=class_names, cache=cache, partial=partial, **given)
    return dataset if folds is None or undivided else of_fold(dataset, folds, fold, seed)


def of_fold(dataset, folds: int, fold: int | None, seed: int):
    """Return the data of one fold of cross-validation, or for `fold=None` those of the final model.

    The final model is trained on the validation images too; the test images remain.

    Args:
        dataset: the data as a whole.
        folds: number of folds.
        fold: 1 to `folds`, or None.
        seed: chooses the images of each fold.
    """
    from ltzoo import data as datasets
    from ltzoo.data.joined import join

    if fold is not None:
        return datasets.folds(dataset, folds, seed)[fold - 1]
    if dataset.val is None:
        return dataset
    train = join(dataset.train, dataset.val)
    return datasets.LongTailedDataset(dataset.name, train, None, dataset.test, dataset.class_names)


def default_image_size(backbone: str, arguments: dict) -> list[int]:
    """Return the usual size of images for a backbone, for folders and tables of images of any size.

    A backbone that takes images at their own size gets the median of the shorter sides of some files, within its
    limits and to whole multiples of its step.
    """
    from ltzoo import backbones

    size = backbones.image_size(backbone)
    if isinstance(size, int):
        return [size, size]
    least, most, step = size
    sides = table_options.shorter_sides(arguments)
    side = sorted(sides)[len(sides) // 2] if sides else least
    side = min(most, max(least, step * round(side / step)))
    return [side, side]


def check_classes(dataset, model) -> None:
    """Refuse a dataset whose classes, or their order, differ from the model's."""
    from ltzoo.training.fit import take_names

    if len(dataset.class_names) == len(model.class_names):
        take_names(model, dataset)
    found, expected = list(dataset.class_names), list(model.class_names)
    if found == expected:
        return
    if sorted(found) == sorted(expected):
        first = next(i for i, (a, b) in enumerate(zip(found, expected, strict=True)) if a != b)
        raise UserError(
            "The dataset orders its classes differently than the model: "
            f"class {first} must be {expected[first]!r}. Received: {found[first]!r}"
        )
    raise UserError(
        f"The dataset must have the model's {len(expected)} classes ({_head(expected)}). "
        f"Received: {len(found)} classes ({_head(found)})"
    )


def check_image_shape(dataset, model) -> None:
    """Refuse a dataset whose image shape differs from the model's."""
    if tuple(dataset.image_shape) != tuple(model.image_shape):
        raise UserError(
            f"The model takes images of shape {tuple(model.image_shape)} (height, width, channels); "
            f"set --image-size for a folder. Received: images of shape {tuple(dataset.image_shape)}"
        )


def _refuse(given: dict, keys: tuple, reason: str) -> None:
    for key in keys:
        if key in given:
            raise UserError(f"{option(key)} does not apply: {reason}. Received: {given[key]}")


def _head(names: list[str]) -> str:
    return ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
