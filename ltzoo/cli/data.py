"""From the options of a command to a data set."""

import os
import re
from pathlib import Path

from ltzoo.cli.user_errors import UserError

# What `load_dataset` reads of a command's arguments.
KEYS = (
    "data", "data_dir", "image_root", "imbalance_factor", "image_size", "channels", "data_seed",
    "validation_fraction", "skip_unreadable",
)  # fmt: skip
_CIFAR_RESNET = r"resnet(8|20|32|44|56)"


def resolve(data: str) -> str:
    """A data set's name as it is; the path of an existing folder made absolute."""
    from ltzoo import data as datasets

    if data in datasets.names():
        return data
    if not Path(data).expanduser().is_dir():
        raise UserError(
            f"--data must be a folder with one sub-folder of images a class, or one of "
            f"{', '.join(datasets.names())}. Received: {data}"
        )
    return str(Path(data).expanduser().resolve())


def load_dataset(arguments: dict, class_names=None):
    """The `LongTailedDataset` of a command's arguments.

    Args:
        arguments: `KEYS` and their values; None or missing means the default.
        class_names: names and order of the classes, for a folder; default: its sorted sub-folders.
    """
    from ltzoo import data as datasets

    given = {key: arguments[key] for key in KEYS if arguments.get(key) is not None}
    name = given.pop("data")
    seed = given.pop("data_seed", 0)
    if "image_size" in given:
        given["image_size"] = tuple(given["image_size"])
    if "channels" in given:
        given["channels"] = int(given["channels"])
    if not os.path.isabs(name):
        _refuse(given, ("channels", "validation_fraction"), f"the data set {name} has its own")
        return datasets.load(name, seed=seed, **given)
    _refuse(given, ("imbalance_factor",), "a folder is taken as it is")
    _refuse(given, ("data_dir", "image_root"), "they are for named data sets")
    return datasets.from_directory(name, seed=seed, class_names=class_names, **given)


def default_image_size(backbone: str, folder: str) -> list[int]:
    """The usual size of images for a backbone, for folders of images of any size.

    `fastnet` takes images as large as they are, within 32 to 96 pixels: the median of the shorter sides of some files,
    to whole multiples of 8.
    """
    if backbone != "fastnet":
        side = 32 if re.fullmatch(_CIFAR_RESNET, backbone) else 224
        return [side, side]
    from ltzoo.data.directory import shorter_sides

    sides = shorter_sides(folder)
    side = sorted(sides)[len(sides) // 2] if sides else 32
    side = min(96, max(32, 8 * round(side / 8)))
    return [side, side]


def check_classes(dataset, model) -> None:
    """Refuse a data set whose labels mean other classes than the model's."""
    from ltzoo.training.fit import take_names

    if len(dataset.class_names) == len(model.class_names):
        take_names(model, dataset)
    found, expected = list(dataset.class_names), list(model.class_names)
    if found == expected:
        return
    if sorted(found) == sorted(expected):
        first = next(i for i, (a, b) in enumerate(zip(found, expected, strict=True)) if a != b)
        raise UserError(
            "The data set orders its classes differently than the model: "
            f"class {first} is {found[first]!r} in the data and {expected[first]!r} in the model"
        )
    raise UserError(
        f"The data set must have the model's {len(expected)} classes ({_head(expected)}). "
        f"Received: {len(found)} classes ({_head(found)})"
    )


def check_image_shape(dataset, model) -> None:
    """Refuse a data set whose images are not of the model's size."""
    if tuple(dataset.image_shape) != tuple(model.image_shape):
        raise UserError(
            f"The model takes images of shape {tuple(model.image_shape)} (height, width, channels); "
            f"set --image-size for a folder. Received: images of shape {tuple(dataset.image_shape)}"
        )


def _refuse(given: dict, keys: tuple, reason: str) -> None:
    for key in keys:
        if key in given:
            raise UserError(f"--{key.replace('_', '-')} does not apply: {reason}. Received: {given[key]}")


def _head(names: list[str]) -> str:
    return ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
