"""A dataset of the Hugging Face library `datasets`, whose images are decoded when they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ltzoo import checks
from ltzoo.checks import did_you_mean
from ltzoo.data import arguments, table_values
from ltzoo.data.checks import readable
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.held_out import hold_out, say_shared_groups, say_untested
from ltzoo.data.huggingface_split import HuggingFaceSplit
from ltzoo.data.split_names import split_role
from ltzoo.data.splits import Split

_ROLES = ("train", "val", "test")


def from_huggingface(
    dataset: Any,
    *,
    splits: Mapping[str, str] | None = None,
    image: str | None = None,
    label: str | None = None,
    group: str | None = None,
    image_size: tuple[int, int] = (224, 224),
    channels: int = 3,
    fit: str = "crop",
    validation_fraction: float = 0.1,
    test_fraction: float = 0.0,
    seed: int = 0,
    check: bool = True,
    skip_unreadable: bool = False,
    class_names: Sequence[str] | None = None,
    name: str | None = None,
    **load: Any,
) -> LongTailedDataset:
    """Make a dataset from a `datasets.Dataset` or `datasets.DatasetDict`.

    Images stay encoded, in memory maps of `datasets` or in files, and are decoded as those of folders are
    (`ltzoo.data.pixels`): upright, transparency on white, color profiles not applied.

    Args:
        dataset: a `DatasetDict`, a `Dataset` (training images), or a name or folder for `datasets.load_dataset`, which
            may download it.
        splits: names of the splits of a `DatasetDict` by "train", "val" and "test". By default each split whose name
            means one of them in any common spelling.
        image: name of the column of images; by default the only one with the feature `Image`.
        label: name of the column of labels; by default the only one with the feature `ClassLabel`. Another column may
            hold names of classes or whole numbers.
        group: name of a column with what an image belongs to (an animal, a patient, a camera). Images that are held
            out are whole groups, and so are the folds of `ltzoo.data.folds`.
        image_size: `(height, width)` of the images that the dataset returns.
        channels: 3 (RGB) or 1 (gray).
        fit: how images of any shape become `image_size`: "crop", "squash" or "pad".
        validation_fraction: share of each class's training images to hold out when there is no split for validation.
        test_fraction: share of each class's training images to hold out for testing, before those for validation;
            equal files stay on one side. It needs data without a test split.
        seed: selects the held-out images.
        check: check all images now; see `ltzoo.data.checks.readable`.
        skip_unreadable: decode all images and leave unreadable ones out, with a warning that names them.
        class_names: names and order of the classes. By default those of the `ClassLabel`, or the sorted labels.
        name: name of the dataset; by default the name that is loaded, or "images".
        **load: arguments of `datasets.load_dataset`, for a name.

    Returns:
        A `LongTailedDataset` of lazily decoded images.

    Raises:
        ImportError: `datasets` is not installed and `dataset` is a name.
        TypeError: `dataset` is nothing of this kind, or an argument is of a wrong type.
        ValueError: there is no training split, a split or column is missing or not the only one of its kind, a label
            is missing or unknown, a class has no training image, or an argument is invalid.
        UnreadableImagesError: some images cannot be read and `skip_unreadable` is False.
    """
    size, channels, fit = arguments.image_size(image_size), arguments.channels(channels), arguments.fit(fit)
    fraction = checks.number("validation_fraction", validation_fraction, least=0, below=1)
    share = checks.number("test_fraction", test_fraction, least=0, below=1)
    seed = checks.integer("seed", seed, 0, arguments.LARGEST_SEED)
    check, skip_unreadable = checks.flag("check", check), checks.flag("skip_unreadable", skip_unreadable)
    given = None if class_names is None else arguments.class_names(class_names)
    name = name if name is None else arguments.text(name, "name")
    if isinstance(dataset, str):
        name = dataset if name is None else name
        dataset = _loaded(dataset, load)
    elif load:
        raise TypeError(
            f"`dataset` must be a name for arguments of load_dataset. Received: {next(iter(load))} and a dataset"
        )
    name = name or "images"
    parts = _parts(dataset, splits)
    if share and "test" in parts:
        raise ValueError(
            "`test_fraction` must not be given for data with a split for testing; leave that out of `splits`. "
            f"Received: test_fraction={share}"
        )
    features = parts["train"].features
    image = _column(features, image, "image", "Image")
    label = _column(features, label, "label", "ClassLabel")
    for role, part in parts.items():
        _check_columns(part, role, [image, label, *([] if group is None else [group])])
    labels, names = _labels(parts, label, given)
    groups = None if group is None else _groups(parts, group)
    found: dict[str, Split] = {}
    for role, part in parts.items():
        rows = part.cast_column(image, type(part.features[image])(decode=False))
        found[role] = HuggingFaceSplit(rows, image, labels[role], f"{name} {role}", size, channels, fit)
        found[role].groups = None if groups is None else groups[role]
    say_shared_groups(found)
    if check or skip_unreadable:
        found = readable(found, skip_unreadable)
    if share:
        train: Any = found["train"]
        keys = [train.key(position) for position in range(len(train))]
        found.update(hold_out(train, keys, names, share, seed, "test"))
        if "test" in found:
            say_untested(found["test"].labels, names)
    if "val" not in found:
        train = found["train"]
        found.update(hold_out(train, list(map(str, range(len(train)))), names, fraction, seed))
    return LongTailedDataset(name, found["train"], found.get("val"), found.get("test"), names)


def _loaded(name: str, load: Mapping[str, Any]) -> Any:
    try:
        import datasets  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ImportError(
            'from_huggingface loads names with datasets: pip install "ltzoo[datasets]". '
            f"Received: dataset={name!r} and no datasets"
        ) from error
    return datasets.load_dataset(name, **load)


def _is_dataset(value: Any) -> bool:
    return all(
        hasattr(value, attribute) for attribute in ("features", "cast_column", "__getitem__", "__len__")
    )


def _parts(dataset: Any, splits: Mapping[str, str] | None) -> dict[str, Any]:
    """Return the datasets by "train", "val" and "test"."""
    if _is_dataset(dataset) and not isinstance(dataset, Mapping):
        if splits is not None:
            raise ValueError(f"`splits` must be None for a single Dataset. Received: splits={splits!r}")
        return {"train": dataset}
    if not isinstance(dataset, Mapping) or not all(map(_is_dataset, dataset.values())):
        kind = type(dataset).__name__
        hint = "; load it without streaming=True, or use from_tf_data" if kind.startswith("Iterable") else ""
        raise TypeError(
            f"`dataset` must be a datasets.Dataset, a DatasetDict, or a name{hint}. Received: {kind}"
        )
    known = list(map(str, dataset))
    splits = _by_name(known) if splits is None else splits
    for role, split in splits.items():
        if role not in _ROLES or split not in known:
            hint = did_you_mean(str(split), known) if role in _ROLES else did_you_mean(str(role), _ROLES)
            raise ValueError(
                f"`splits` must give splits of the dataset ({', '.join(known)}) by {', '.join(_ROLES)}.{hint} "
                f"Received: splits={dict(splits)!r}"
            )
    if "train" not in splits:
        raise ValueError(
            f"`splits` must give the training split, such as splits={{'train': {known[0]!r}}}. "
            f"Received: splits={dict(splits)!r} of {', '.join(known)}"
        )
    return {role: dataset[splits[role]] for role in _ROLES if role in splits}


def _by_name(known: Sequence[str]) -> dict[str, str]:
    """Return the names of splits by what they mean; a single split is for training."""
    splits: dict[str, str] = {}
    for split in known:
        role = split_role(split)
        if role is not None and splits.setdefault(role, split) != split:
            raise ValueError(
                f"`splits` must say which split is for {role}, such as splits={{{role!r}: {split!r}}}. "
                f"Received: splits=None, and {splits[role]!r} and {split!r}"
            )
    return {"train": known[0]} if not splits and len(known) == 1 else splits


def _column(features: Mapping[str, Any], given: str | None, argument: str, kind: str) -> str:
    """Return the column with a feature of a kind, or the given one."""
    if given is not None:
        return arguments.text(given, argument)
    found = [name for name, feature in features.items() if type(feature).__name__ == kind]
    if len(found) != 1:
        listed = ", ".join(f"{name!r} ({type(feature).__name__})" for name, feature in features.items())
        raise ValueError(
            f"`{argument}` must name one of the columns {listed}, since {len(found) or 'none'} of them are of type "
            f"{kind}. Received: {argument}=None"
        )
    return found[0]


def _check_columns(part: Any, role: str, columns: Sequence[str]) -> None:
    for argument, column in zip(("image", "label", "group"), columns, strict=False):
        if column not in part.features:
            hint = did_you_mean(column, list(part.features))
            raise ValueError(
                f"`{argument}` must be a column of every split; {role} has {', '.join(map(repr, part.features))}."
                f"{hint} Received: {argument}={column!r}"
            )
    feature = part.features[columns[0]]
    if type(feature).__name__ != "Image":
        raise ValueError(
            "`image` must be a column of the feature Image; cast it with dataset.cast_column(name, datasets.Image()). "
            f"Received: image={columns[0]!r} of type {type(feature).__name__}"
        )


def _labels(
    parts: Mapping[str, Any], label: str, given: Sequence[str] | None
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return the class indices of each split, and the names of the classes."""
    values: list[Any] = []
    places: list[str] = []
    for role, part in parts.items():
        own = getattr(part.features[label], "names", None)
        column = list(part[label])
        if own is not None:
            if column and role == "test" and all(value in (-1, None) for value in column):
                raise ValueError(
                    "the split for testing must have labels; leave it out of `splits`. "
                    f"Received: {len(column)} rows without a class"
                )
            column = [
                own[value] if isinstance(value, int) and 0 <= value < len(own) else None for value in column
            ]
        values += column
        places += [f"{role}, row {row}" for row in range(len(column))]
    names = getattr(parts["train"].features[label], "names", None) if given is None else given
    labels, names = table_values.classes(values, places.__getitem__, label, names)
    return _by_split(parts, labels), names


def _groups(parts: Mapping[str, Any], group: str) -> dict[str, np.ndarray]:
    values = [value for part in parts.values() for value in part[group]]
    places = [f"{role}, row {row}" for role, part in parts.items() for row in range(len(part))]
    return _by_split(parts, table_values.groups(values, places.__getitem__, group))


def _by_split(parts: Mapping[str, Any], values: np.ndarray) -> dict[str, np.ndarray]:
    ends = np.cumsum([len(part) for part in parts.values()])
    return dict(zip(parts, np.split(values, ends[:-1]), strict=True))
