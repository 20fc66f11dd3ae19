"""Focal loss."""

from collections.abc import Sequence

from ltzoo.recipes.one_run import cao_stage
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register


@register(setup="decoupling")
def focal(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train with the softmax focal loss (1 - p)^gamma (-log p), gamma = 1 (Lin et al., Eq. 4).

    p is the probability of the target. gamma is from the code of Cao et al. (2019), and so is the training set-up.
    Lin et al. train a detector with sigmoids and gamma = 2; see `class_balanced_focal` for sigmoids.

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 77.1 % top-1 with AutoAugment, Cutout and longer training
    (NBN paper, Table I). The papers behind this library report no accuracy in this set-up.
    """
    return Recipe(
        name="focal",
        head={"name": "dense"},
        stages=(cao_stage(epochs[0], loss={"name": "focal", "gamma": 1.0}),),
        description="Cross-entropy that counts images less the surer the network is of them",
        citation="Lin et al., Focal Loss for Dense Object Detection, ICCV 2017",
    )
