"""Balanced softmax."""

from collections.abc import Sequence

from ltzoo.recipes.one_run import cao_stage
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register


@register
def balanced_softmax(epochs: Sequence[int] = (200,)) -> Recipe:
    """Cross-entropy of z + log n; predictions use z (Ren et al., Eq. 4).

    The training set-up is that of Cao et al. (2019), to compare losses; the paper's own is 13,000 iterations of batch
    512 with AutoAugment and Cutout, which `nbn_balanced_softmax` has. There is no meta sampler here.

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32, in the paper's set-up: 83.6 % top-1 (NBN paper, Table I).
    """
    return Recipe(
        name="balanced_softmax",
        head={"name": "dense"},
        stages=(cao_stage(epochs[0], loss={"name": "balanced_softmax"}),),
        description="Softmax with the class counts as factors in training",
        citation="Ren et al., Balanced Meta-Softmax for Long-Tailed Visual Recognition, NeurIPS 2020",
    )
