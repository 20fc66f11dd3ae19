"""Shared loading code for the published long-tailed datasets with list files."""

from __future__ import annotations

from pathlib import Path

from ltzoo.caller_warnings import warn_caller
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.data.lists import from_list
from ltzoo.data.registry import facts


def from_published_lists(
    name: str,
    *,
    imbalance_factor: float | None,
    data_dir: Path | None,
    image_root: str | Path | None,
    image_size: tuple[int, int],
    **options,
) -> LongTailedDataset:
    """Load a dataset whose list files lie in `data_dir`.

    Its registry entry names the lists and the published numbers of classes and images. If the lists hold
    other numbers, a warning says so.

    Args:
        name: name of the dataset.
        imbalance_factor: must be None; the long tail is published and fixed.
        data_dir: folder with the lists.
        image_root: folder that the listed paths start from; None means `data_dir`.
        image_size: `(height, width)` of the images. As in the published evaluation, the shorter side is
            first resized to 8/7 of the larger of these two (256 for 224).
        **options: further arguments of `from_list`.

    Raises:
        ValueError: `imbalance_factor` is given.
        FileNotFoundError: `data_dir` is None or lacks a list.
    """
    refuse_imbalance_factor(name, imbalance_factor)
    entry = facts(name)
    assert entry is not None
    lists = entry.lists
    expected = ", ".join(lists.values())
    if data_dir is None:
        raise FileNotFoundError(
            f"`data_dir` must be the folder with {expected} for {name} and the images that they list; if "
            "the images are elsewhere, pass `image_root`. Received: data_dir=None"
        )
    for file_name in lists.values():
        if not (data_dir / file_name).is_file():
            raise FileNotFoundError(
                f"`data_dir` must hold {expected} for {name}; {file_name} is missing. "
                f"Received: data_dir={str(data_dir)!r}"
            )
    dataset = from_list(
        data_dir / lists["train"],
        data_dir if image_root is None else image_root,
        val_list=data_dir / lists["val"] if "val" in lists else None,
        test_list=data_dir / lists["test"] if "test" in lists else None,
        name=name,
        image_size=image_size,
        resize=round(max(image_size) * 8 / 7),
        **options,
    )
    if (dataset.num_classes, len(dataset.train)) != (entry.num_classes, entry.num_train):
        warn_caller(
            f"{name} has {entry.num_train} training images in {entry.num_classes} classes as published; "
            f"found {len(dataset.train)} in {dataset.num_classes}"
        )
    return dataset


def refuse_imbalance_factor(name: str, imbalance_factor: float | None) -> None:
    """Refuse an imbalance factor for a dataset with a published tail.

    Raises:
        ValueError: `imbalance_factor` is not None.
    """
    if imbalance_factor is not None:
        raise ValueError(
            f"`imbalance_factor` must be None for {name}: its long tail is published and fixed. "
            f"Received: imbalance_factor={imbalance_factor!r}"
        )
