"""The recipe `best`, taught by three networks of `best_sgd` and then refined without distortions."""

import dataclasses
from collections.abc import Sequence

from ltzoo.recipes.best import DISTORTIONS, best
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register

TEACHERS = tuple(f"best_sgd_seed{seed}_fastnet_cifar10_lt" for seed in (2, 0, 1))


@register(backbone="resnet32")
def best_distilled(epochs: Sequence[int] = (100, 10, 1)) -> Recipe:
    """Train `best` with teachers: nine tenths of the loss at temperature T = 3, one teacher per image.

    Stage 1 is the first stage of `best` with teachers. Stage 2 refines the network for some epochs, with the same
    teachers, on images that are only cropped and mirrored, as in prediction. Stage 3 recalibrates, as in `best`.

    The teachers are zoo entries for CIFAR-10-LT at an imbalance factor of 100, which come without weights. Train
    them first, or name others in the `technique` of `stage1` and `stage2`.
    """
    recipe = best((epochs[0], epochs[2]))
    technique = {
        "name": "distillation",
        "teachers": list(TEACHERS),
        "weight": 0.9,
        "temperature": 3.0,
        "ask": "one",
    }
    first = dataclasses.replace(recipe.stages[0], technique=technique)
    refined = dataclasses.replace(
        first,
        epochs=epochs[1],
        sampler={"strategy": "instance_balanced"},
        augmentation=DISTORTIONS[:1],
        schedule={"name": "linear", "learning_rate": 0.04},
    )
    return dataclasses.replace(
        recipe,
        name="best_distilled",
        stages=(first, refined, *recipe.stages[1:]),
        description=f"{recipe.description}; taught by three networks, orthogonal steps, refined without distortions",
        citation="Own work; Hinton, Vinyals and Dean, Distilling the Knowledge in a Neural Network, 2015; "
        "Jordan et al., Muon, 2024; He et al., Data Augmentation Revisited, 2019",
    )
