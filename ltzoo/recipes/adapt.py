"""Adaptation of a recipe's augmentation, which is made for photographs of 32 pixels, to other data."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from ltzoo.data.registry import facts

if TYPE_CHECKING:
    from ltzoo.data.dataset import LongTailedDataset
    from ltzoo.recipes.recipe import Recipe


def for_dataset(recipe: Recipe, dataset: LongTailedDataset) -> Recipe:
    """Return the recipe with augmentation and conversions that suit the images of a dataset.

    Everything else is unchanged. Each step and conversion adapts itself (`fitted` of its entry):

    - Square images of more than 96 pixels get the random resized crops of ImageNet training. Other images keep
      pad-crop-flip, padded by an eighth of their height (4 of 32).
    - Images of `upright` datasets, such as digits, are never flipped, in training or prediction.
    - The shift that predictions average over is scaled from 32 pixels to the image height. Below 32 pixels there is
      none.
    - Cutout blanks a square of at most half the height (16 of 32), also inside "per_view".
    - AutoAugment is left out for images of less than 16 pixels and for `upright` datasets. Its policy is made for
      photographs: it inverts and equalizes gray levels and shifts by up to 45 % of the width.

    Args:
        recipe: a `Recipe`.
        dataset: a `LongTailedDataset`.

    Returns:
        a `Recipe`.
    """
    # Imported here so that recipes can be listed without Keras.
    from ltzoo.backbones.conversions.registry import fit_conversions
    from ltzoo.data.augmentation.registry import fit_steps

    size, known = dataset.image_shape[:2], facts(dataset.name)
    upright = known is not None and known.upright
    stages = [
        dataclasses.replace(stage, augmentation=tuple(fit_steps(stage.augmentation, size, upright)))
        for stage in recipe.stages
    ]
    conversions = fit_conversions(recipe.conversions, size, upright)
    return dataclasses.replace(recipe, stages=tuple(stages), conversions=tuple(conversions))
