"""Datasets by name: `load` finds every function decorated with `register`.

The function takes keyword arguments and returns a `LongTailedDataset`. `load` passes `seed` if the function
has such a parameter, and `imbalance_factor` and `data_dir` (a `Path`) if the caller gives them. Facts about
the dataset are arguments of the decorator: `@register(upright=True)`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ltzoo import checks
from ltzoo.data import arguments
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.registry import Entry, Registry

PixelStatistics = tuple[tuple[float, ...], tuple[float, ...]]
# ImageNet's (mean, std), which published code also uses for other photographs.
IMAGENET_PIXELS: PixelStatistics = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclasses.dataclass(frozen=True)
class DatasetEntry(Entry):
    """A dataset and the facts known before its files are read.

    Attributes:
        upright: whether mirroring changes the meaning of the images, as it does for characters. They are
            then never flipped.
        pixel_statistics: published (mean, std) per channel of color images, on the 0..1 scale; None computes
            them.
        lists: file name of each split's published list, for datasets read from `data_dir`.
        num_classes, num_train: published numbers of classes and training images.
        class_names: names of the classes in label order, where the files do not contain them.
    """

    upright: bool = False
    pixel_statistics: PixelStatistics | None = None
    lists: Mapping[str, str] = dataclasses.field(default_factory=dict)
    num_classes: int | None = None
    num_train: int | None = None
    class_names: Sequence[str] | None = None


_DATASETS = Registry(
    "dataset", DatasetEntry, otherwise="; for a folder of images use ltzoo.data.from_directory"
)
register = _DATASETS.register
names = _DATASETS.names


def facts(name: str) -> DatasetEntry | None:
    """Return the registered facts about a dataset, or None if it is not registered."""
    return _DATASETS.find(name)


def check(name: str) -> None:
    """Refuse a name that `load` does not know.

    Raises:
        ValueError: the name is unknown.
    """
    _DATASETS.check(name)


def load(
    name: str,
    *,
    imbalance_factor: float | None = None,
    data_dir: str | Path | None = None,
    seed: int = 0,
    **options: Any,
) -> LongTailedDataset:
    """Load a dataset by name.

    Args:
        name: one of `names()`.
        imbalance_factor: images of the most frequent class divided by images of the rarest, for datasets that
            are made long-tailed on loading. None means the dataset's default. Datasets with a published tail
            refuse a factor.
        data_dir: folder or archive with the dataset's files, if it needs any.
        seed: selects the images of a subset; 0 selects the published ones.
        **options: further arguments of the dataset; see the docstring of its function in `ltzoo.data.<name>`.

    Returns:
        A `LongTailedDataset`.

    Raises:
        TypeError: an argument is of a wrong type.
        ValueError: the name or an option is unknown, or an argument is invalid for this dataset.
        FileNotFoundError: `data_dir` lacks files. The message names the expected files.
    """
    check(name)
    given, seed = dict(options), checks.integer("seed", seed, 0, arguments.LARGEST_SEED)
    if imbalance_factor is not None:
        checks.number("imbalance_factor", imbalance_factor, least=1)
        given["imbalance_factor"] = imbalance_factor
    if data_dir is not None:
        given["data_dir"] = arguments.folder_path(data_dir, "data_dir")
    return _DATASETS.make({**given, "name": name}, seed=seed)
