"""The cosine classifier of OLTR, trained with cross-entropy."""

from collections.abc import Sequence

from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register
from ltzoo.recipes.two_stage import first_stage


@register(setup="decoupling")
def cosnorm(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train OLTR's classifier without its memory: logits 16 <x / (1 + |x|), w_c / |w_c|>.

    x are the features and w_c the class vectors. Batches are instance-balanced. OLTR has no set-up for CIFAR, so the
    training set-up is stage 1 of MiSLAS without mixup. The papers report no accuracy.
    """
    return Recipe(
        name="cosnorm",
        head={"name": "cosnorm"},
        stages=(first_stage(epochs[0], scale=16.0),),
        description="Cross-entropy on the squashed cosine classifier of OLTR",
        citation="Liu et al., Large-Scale Long-Tailed Recognition in an Open World, CVPR 2019",
    )
