"""Image weights that help a balanced batch (L2RW)."""

from collections.abc import Sequence

from ltzoo.recipes.meta_weight_net import shu_stage
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register


@register
def learning_to_reweight(epochs: Sequence[int] = (120,)) -> Recipe:
    """Weigh each image by how much it helps a balanced batch (Ren et al., Algorithm 1).

    The set-up is that of `meta_weight_net`, whose paper compares both. The meta images are those of the training set,
    drawn class by class; both papers have 10 more images per class instead.

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 74.2 % top-1 (CAMC paper, Table V).
    """
    return Recipe(
        name="learning_to_reweight",
        head={"name": "dense"},
        stages=(shu_stage(epochs[0], {"name": "learning_to_reweight"}),),
        description="Image weights that help a balanced batch, found in each step",
        citation="Ren, Zeng, Yang and Urtasun, Learning to Reweight Examples for Robust Deep Learning, ICML 2018",
    )
