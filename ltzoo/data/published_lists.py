"""What the published long-tailed datasets with list files have in common."""

from __future__ import annotations

import warnings
from pathlib import Path

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

    Its entry has the names of the lists and the published numbers of classes and images; others give a warning.

    Args:
        name: name of the dataset.
        imbalance_factor: must be None, the published tail is fixed.
        data_dir: folder with the lists.
        image_root: folder that the listed paths start from; None means `data_dir`.
        image_size: `(height, width)` of the images. Those of the published evaluation are cut out of an image whose
            shorter side is 8/7 of the larger one of them (224 of 256).
        **options: further arguments of `from_list`.

    Raises:
        ValueError: an imbalance factor.
        FileNotFoundError: no `data_dir`, or a list that is not in it.
    """
    refuse_imbalance_factor(name, imbalance_factor)
    entry = facts(name)
    lists = entry.lists
    expected = ", ".join(lists.values())
    if data_dir is None:
        raise FileNotFoundError(
            f"`data_dir` must be the folder with {expected} for {name}, and with the images that they list "
            "(or pass `image_root`). Received: data_dir=None"
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
        warnings.warn(
            f"{name} has {entry.num_train} training images in {entry.num_classes} classes as published; "
            f"found {len(dataset.train)} in {dataset.num_classes}",
            stacklevel=5,
        )
    return dataset


def refuse_imbalance_factor(name: str, imbalance_factor: float | None) -> None:
    """Raises ValueError if an imbalance factor was asked of a set with a published tail."""
    if imbalance_factor is not None:
        raise ValueError(
            f"`imbalance_factor` must be None for {name}: its long tail is published and fixed. "
            f"Received: imbalance_factor={imbalance_factor!r}"
        )
