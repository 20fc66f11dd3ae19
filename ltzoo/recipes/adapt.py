"""Augmentation that fits the data: a recipe's own was written for photographs of 32 pixels."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ltzoo.data.registry import facts

if TYPE_CHECKING:
    from ltzoo.data.dataset import LongTailedDataset
    from ltzoo.recipes.recipe import Recipe

OWN = 32  # pixels of the images that a recipe's numbers are for
SMALL = 96
TINY = 16


def for_dataset(recipe: Recipe, dataset: LongTailedDataset) -> Recipe:
    """The recipe with crops, flips and Cutout that suit the images of a dataset; everything else stays.

    - Other images keep pad-crop-flip, padded by an eighth of their height (4 of 32).
    - Images of datasets that are `upright`, such as digits, are not flipped, not in prediction either.
    - The shift of predictions, of images of 32 pixels, grows with their height; below 32 there is none.
    - Square images of more than 96 pixels get the random resized crops of ImageNet training instead.
    - Cutout blanks a square of at most half the height (16 of 32), also inside "per_view".
    - AutoAugment, a policy for photographs that inverts and equalizes gray levels and shifts by up to 45 % of the
      width, is left out for images of less than 16 pixels and for `upright` datasets.

    Args:
        recipe: a `Recipe`.
        dataset: a `LongTailedDataset`.

    Returns:
        A `Recipe`.
    """
    height, width, _ = dataset.image_shape
    known = facts(dataset.name)
    upright = known is not None and known.upright

    def fitting(item):
        if item["name"] == "per_view":
            return {**item, "steps": [list(fitting_of(view)) for view in item["steps"]]}
        if item["name"] == "cutout" and "size" in item:
            return {**item, "size": min(item["size"], max(1, height // 2))}
        if item["name"] != "pad_crop_flip":
            return item
        if height == width > SMALL:
            return {"name": "imagenet_train_crop", "size": height}
        flip = item.get("flip", True) and not upright
        return {**item, "padding": max(1, height // 8), "flip": flip}

    def fitting_of(items):
        plain = min(height, width) < TINY or upright
        return tuple(fitting(item) for item in items if not (plain and item["name"] == "auto_augment"))

    stages = [
        dataclasses.replace(stage, augmentation=fitting_of(stage.augmentation)) for stage in recipe.stages
    ]
    conversions = [
        {**config, "shift": config["shift"] * height // OWN} if "shift" in config else config
        for config in recipe.conversions
        if not (config["name"] == "flip_average" and upright)
    ]
    return dataclasses.replace(recipe, stages=tuple(stages), conversions=tuple(conversions))
