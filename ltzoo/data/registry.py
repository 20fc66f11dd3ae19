"""Datasets by name: a decorated function is a dataset that `load` finds.

The function takes keyword arguments and returns a `LongTailedDataset`. `load` hands it `seed` where it has such a
parameter, and `imbalance_factor` and `data_dir` (a `Path`) where the caller gives them. Facts about the dataset are
arguments of the decorator: `@register(upright=True)`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ltzoo.data.dataset import LongTailedDataset
from ltzoo.registry import Entry, Registry

PixelStatistics = tuple[tuple[float, ...], tuple[float, ...]]
# ImageNet's, which published codes use for other photographs too.
IMAGENET_PIXELS: PixelStatistics = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclasses.dataclass(frozen=True)
class DatasetEntry(Entry):
    """A dataset and what is known about it before its files are read.

    Attributes:
        upright: its images mean something else when mirrored, such as characters; they are never flipped.
        pixel_statistics: published (mean, std) per channel of color images, on the 0..1 scale; None computes them.
        lists: file name of each split's published list, for datasets read from `data_dir`.
        num_classes, num_train: published numbers of classes and of training images.
        class_names: names of the classes in label order, where they do not come with the files.
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
    """Return what is known about a dataset, or None for one that is not registered."""
    return _DATASETS.find(name)


def check(name: str) -> None:
    """Refuse a name that `load` does not know.

    Raises:
        ValueError: an unknown name.
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
        imbalance_factor: images of the most frequent class divided by images of the rarest, for datasets that are made
            long-tailed here; None takes the dataset's default. Datasets with a published tail refuse it.
        data_dir: folder (or archive) with the dataset's files, where it needs any.
        seed: chooses the images of a subset. 0 gives the published ones.
        **options: further arguments of the dataset; see the docstring of its function in `ltzoo.data.<name>`.

    Returns:
        A `LongTailedDataset`.

    Raises:
        ValueError: an unknown name or option, or an argument that the dataset refuses.
        FileNotFoundError: files that are not in `data_dir`; the message says which are expected.
    """
    given = dict(options)
    if imbalance_factor is not None:
        given["imbalance_factor"] = imbalance_factor
    if data_dir is not None:
        given["data_dir"] = Path(data_dir).expanduser()
    return _DATASETS.make({**given, "name": name}, seed=seed)
