"""Cross-entropy with mixup, the first stage of MiSLAS and of most later decoupled training."""

from collections.abc import Sequence

from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register
from ltzoo.recipes.two_stage import MISLAS, first_stage


@register(setup="mislas")
def mixup(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train a linear classifier on mixed images, with one lambda ~ Beta(1, 1) per batch (Zhang et al., ICLR 2018).

    lambda is the weight of the first image in a mixed pair. The training set-up is stage 1 of MiSLAS: batch 128, SGD
    with rate 0.1, 5 epochs of warm-up, and x0.1 at 160 and 180 of 200.

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 73.1 % top-1 (MiSLAS paper, Table 3; 72.96 % in Table 1
    of the GCL paper).
    """
    return Recipe(
        name="mixup",
        head={"name": "dense"},
        stages=(first_stage(epochs[0], mixup_alpha=1.0),),
        description="Cross-entropy with mixup on the data as they come",
        citation=f"Zhang et al., mixup: Beyond Empirical Risk Minimization, ICLR 2018; set-up of {MISLAS}",
    )
