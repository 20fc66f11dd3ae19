"""The recipes `best_distilled` and `best_sgd` of the benchmarks; importing this file registers them.

`best_sgd` is `best` as it was before it took orthogonal steps. `best_distilled` is `best`, taught in its first stage by
the three networks that `best_sgd` made of `fastnet`, one seed each, and then refined: some epochs with the same
teachers on images that are cropped and mirrored only, which is how the images of prediction look. The teachers are
entries of the zoo, for CIFAR-10-LT at an imbalance factor of 100.
"""

import dataclasses

from ltzoo.recipes.best import DISTORTIONS, best
from ltzoo.recipes.registry import register

TEACHERS = [f"best_sgd_seed{seed}_fastnet_cifar10_lt" for seed in (2, 0, 1)]


@register(backbone="fastnet")
def best_sgd(epochs=(100, 1)):
    """`best` with Nesterov momentum for all weights. It is called `best` as it was, so its rows keep their hash."""
    recipe = best(epochs)
    optimizer = {"name": "sgd", "momentum": 0.9, "nesterov": True, "l2": 5e-4}
    first = dataclasses.replace(recipe.stages[0], optimizer=optimizer)
    return dataclasses.replace(recipe, stages=(first, *recipe.stages[1:]))


@register(backbone="resnet32")
def best_distilled(epochs=(100, 10, 1)):
    """`best` with nine tenths of the loss from teachers, at T = 3; each image asks one of them."""
    recipe = best((epochs[0], epochs[2]))
    technique = {
        "name": "distillation",
        "teachers": TEACHERS,
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
