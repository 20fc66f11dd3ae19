"""Balanced softmax."""

from collections.abc import Sequence

from ltzoo.recipes.one_run import cao_stage
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register


@register(setup="decoupling")
def balanced_softmax(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train with cross-entropy on z + log n, and predict with z (Ren et al., Eq. 4).

    z are the logits and n the class counts. The training set-up follows Cao et al. (2019), so that losses can be
    compared. The paper's own has 13,000 iterations of batch 512 with AutoAugment and Cutout;
    `nbn_balanced_softmax` uses it. There is no meta sampler here.

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32, in the paper's set-up: 83.6 % top-1 (NBN paper, Table I).
    """
    return Recipe(
        name="balanced_softmax",
        head={"name": "dense"},
        stages=(cao_stage(epochs[0], loss={"name": "balanced_softmax"}),),
        description="Softmax with the class counts as factors in training",
        citation="Ren et al., Balanced Meta-Softmax for Long-Tailed Visual Recognition, NeurIPS 2020",
    )
