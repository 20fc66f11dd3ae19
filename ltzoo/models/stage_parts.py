"""Make the layers that the stages need besides the backbone: heads, clouds, augmentations, techniques."""

from collections.abc import Sequence

import keras
import numpy as np

from ltzoo import heads, techniques
from ltzoo.data.augmentation import DeviceAugmentation
from ltzoo.layers import GaussianCloud
from ltzoo.recipes.recipe import Recipe


def make_heads(
    recipe: Recipe, class_counts: Sequence[int] | np.ndarray
) -> tuple[list[keras.layers.Layer], list[int]]:
    """Make the heads of a recipe.

    Returns:
        The heads, and the index of the head per stage: a stage without its own head keeps the previous one.
    """
    made, numbers = [], []
    for index, stage in enumerate(recipe.stages):
        config = recipe.head if index == 0 else stage.head
        if config is not None:
            name = f"head_{index + 1}" if index else "head"
            made.append(
                heads.get(config, len(class_counts), stage.scale, class_counts=class_counts, name=name)
            )
        numbers.append(len(made) - 1)
    return made, numbers


def make_clouds(
    recipe: Recipe, class_counts: Sequence[int] | np.ndarray, seed: int
) -> list[GaussianCloud | None]:
    """Make the Gaussian cloud of each stage, or None."""
    return [
        None
        if stage.cloud is None
        else GaussianCloud(
            class_counts,
            **{"scale": 1.0 if stage.scale is None else stage.scale, "seed": seed + 1 + index, **stage.cloud},
            name=f"cloud_{index + 1}",
        )
        for index, stage in enumerate(recipe.stages)
    ]


def make_augmentations(recipe: Recipe, num_classes: int, seed: int) -> list[DeviceAugmentation | None]:
    """Make the augmentation that runs inside the training step, or None, for each stage."""
    return [
        None
        if stage.augment_on == "host" or stage.cache_features
        else DeviceAugmentation(
            list(stage.augmentation),
            mixup_alpha=stage.mixup_alpha,
            num_classes=num_classes,
            seed=seed + 101 + index,
            name=f"augmentation_{index + 1}",
        )
        for index, stage in enumerate(recipe.stages)
    ]


def make_techniques(
    recipe: Recipe, class_counts: Sequence[int] | np.ndarray, seed: int
) -> list[techniques.Technique | None]:
    """Make the technique of each stage, or None."""
    return [
        None
        if stage.technique is None
        else techniques.get(
            stage.technique, num_classes=len(class_counts), class_counts=class_counts, seed=seed + 201 + index
        )
        for index, stage in enumerate(recipe.stages)
    ]
