"""Seesaw loss."""

import dataclasses
from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP, SGD, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register


@register(setup="decoupling")
def seesaw(epochs: Sequence[int] = (200,)) -> Recipe:
    """Mitigate gradients on rare classes, and restore them for confused images (Wang et al., Eq. 3-7).

    p = 0.8 is the exponent of the mitigation and q = 2 of the compensation. As in the released code, target scores in
    the compensation factor are at least 0.01. The method is for instance segmentation. Here it is a loss on a linear
    classifier, with class counts instead of the instances seen so far. The training set-up follows Cao et al. (2019).
    `seesaw_normalized` has the paper's normalized linear layer.

    Its accuracy on CIFAR-10-LT is unknown to this project; measure it with `benchmarks.cifar10_lt.train`.
    """
    return Recipe(
        name="seesaw",
        head={"name": "dense"},
        stages=(
            Stage(
                epochs=epochs[0],
                loss={"name": "seesaw", "p": 0.8, "q": 2.0, "epsilon": 0.01},
                batch_size=128,
                augmentation=CROP_FLIP,
                optimizer=SGD,
                schedule=step_schedule(0.1, epochs[0], (1e-2, 1e-4)),
            ),
        ),
        description="Softmax that mitigates gradients on rare classes and compensates where they are confused",
        citation="Wang et al., Seesaw Loss for Long-Tailed Instance Segmentation, CVPR 2021",
    )


@register(setup="decoupling")
def seesaw_normalized(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train `seesaw` on a normalized linear layer, z_c = 20 <x / |x|, w_c / |w_c|> (Wang et al.).

    The temperature 20 is the default of the released layer. That layer adds a bias, which is left out here.

    Its accuracy on CIFAR-10-LT is unknown to this project; measure it with `benchmarks.cifar10_lt.train`.
    """
    recipe = seesaw(epochs)
    return dataclasses.replace(
        recipe,
        name="seesaw_normalized",
        head={"name": "normalized_dense"},
        stages=(dataclasses.replace(recipe.stages[0], scale=20.0),),
        description=f"{recipe.description}, on normalized features and class vectors",
    )
