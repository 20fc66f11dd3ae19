"""Augmentation that fits the data: a recipe's own was written for photographs of 32 pixels."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ltzoo.data.dataset import LongTailedDataset
    from ltzoo.training import Recipe

SMALL = 64
_UPRIGHT = {"digits_lt"}


def for_dataset(recipe: Recipe, dataset: LongTailedDataset) -> Recipe:
    """The recipe with crops and Cutout that suit the images of a dataset; everything else stays.

    - Other images keep pad-crop-flip, padded by an eighth of their height (4 of 32).
    - Characters (`digits_lt`) are not flipped: a mirrored digit is another sign.
    - Larger square images get the random resized crops of ImageNet training instead.
    - Cutout blanks a square of at most half the height (16 of 32), also inside "per_view".

    Args:
        recipe: a `Recipe`.
        dataset: a `LongTailedDataset`.

    Returns:
        A `Recipe`.
    """
    height, width, _ = dataset.image_shape

    def fitting(item):
        if item["name"] == "per_view":
            return {**item, "steps": [[fitting(step) for step in view] for view in item["steps"]]}
        if item["name"] == "cutout" and "size" in item:
            return {**item, "size": min(item["size"], max(1, height // 2))}
        if item["name"] != "pad_crop_flip":
            return item
        if height == width > SMALL:
            return {"name": "imagenet_train_crop", "size": height}
        flip = item.get("flip", True) and dataset.name not in _UPRIGHT
        return {**item, "padding": max(1, height // 8), "flip": flip}

    stages = [
        dataclasses.replace(stage, augmentation=tuple(fitting(item) for item in stage.augmentation))
        for stage in recipe.stages
    ]
    return dataclasses.replace(recipe, stages=tuple(stages))
