"""Put new heads for other classes on the backbone of a trained classifier."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ltzoo import recipes
from ltzoo.arguments import checked
from ltzoo.backbones.conversions import convert
from ltzoo.checks import ModelSeed, PositiveInt, refuse
from ltzoo.data.dataset import LongTailedDataset
from ltzoo.models.classifier import LongTailedClassifier
from ltzoo.models.initialization import reinitialize
from ltzoo.posthoc.classifiers import trained_recipe
from ltzoo.recipes.recipe import Recipe


@checked
def with_new_classes(
    model: LongTailedClassifier,
    class_counts: Sequence[int] | np.ndarray | LongTailedDataset | None = None,
    *,
    num_classes: PositiveInt | None = None,
    class_names: Sequence[str] | None = None,
    recipe: str | Recipe | None = None,
    seed: ModelSeed | None = None,
) -> LongTailedClassifier:
    """Make a new classifier with new heads on the backbone of `model`, whose weights it shares.

    Everything that depends on the classes follows the new counts: heads, losses, clouds, techniques, samplers and shot
    groups. Images are normalized as before. A correction by `ltzoo.posthoc` is left out, as it is for the old classes.
    Do not use `model` afterwards.

    Args:
        model: a classifier.
        class_counts: training images per class; or a `LongTailedDataset`, which also gives the class names. Default:
            `num_classes` equally frequent classes, or the classes of `model` if that is None too.
        num_classes: number of classes.
        class_names: one name per class; default the dataset's, else the names of `model` if the number of classes is
            the same, else "0", "1", ...
        recipe: another recipe, by name or as a `Recipe`; default the recipe of `model`. Its conversions of the
            backbone (normalized batch norm, experts) are made here, unless the recipe of `model` has made them.
        seed: seed of the initial weights of the heads; default the seed of `model`.

    Returns:
        a `LongTailedClassifier`, compiled for fine-tuning.

    Raises:
        ValueError: arguments contradict each other, or `recipe` lacks a conversion that the backbone has.
    """
    image_fit = model.image_fit
    if isinstance(class_counts, LongTailedDataset):
        image_fit = class_counts.image_fit or image_fit
        class_names = class_counts.class_names if class_names is None else class_names
        class_counts = class_counts.class_counts
    if class_counts is not None and num_classes is not None and len(class_counts) != num_classes:
        raise ValueError(
            f"`num_classes` must be the length of `class_counts`, {len(class_counts)}. "
            f"Received: num_classes={num_classes}"
        )
    if class_counts is None and num_classes is not None:
        if num_classes < 2:
            refuse("num_classes", "two or more", num_classes)
        class_counts = [1] * num_classes
    if class_counts is None:
        class_counts = model.class_counts
    if class_names is None and len(class_counts) == model.num_classes:
        class_names = model.class_names
    backbone, new_recipe = model.backbone, trained_recipe(model.recipe)
    if recipe is not None:
        new_recipe = recipe if isinstance(recipe, Recipe) else recipes.get(recipe)
        backbone = _converted(backbone, model.recipe, new_recipe)
    new = LongTailedClassifier(
        backbone,
        new_recipe,
        class_counts,
        image_shape=model.image_shape,
        class_names=class_names,
        image_fit=image_fit,
        mean=model.mean,
        std=model.std,
        seed=model.seed if seed is None else seed,
        name=model.name,
        dtype=model.dtype_policy,
    )
    for number, head in enumerate(new.heads):
        reinitialize(head, new.seed + 1 + number)
    new.finish_training(build_optimizer=False)
    return new


def _converted(backbone, old, new):
    """Return the backbone after the conversions that the recipe `new` adds to those of `old`."""
    made, wanted = (recipe.to_dict()["conversions"] for recipe in (old, new))
    if wanted[: len(made)] != made:
        raise ValueError(
            f"`recipe` must keep the conversions of the trained backbone, {made}. "
            f"Received: recipe={new.name!r} with {wanted or 'no conversions'}"
        )
    return convert(backbone, wanted[len(made) :])
