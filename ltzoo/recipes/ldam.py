"""Label-distribution-aware margins, alone and with deferred re-weighting or re-sampling."""

from collections.abc import Sequence

from ltzoo.recipes.one_run import cao_stage, deferred
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register

CITATION = "Cao et al., Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss, NeurIPS 2019"
HEAD = {"name": "normalized_dense"}
LOSS = {"name": "ldam", "max_margin": 0.5}
SCALE = 30.0


@register(setup="decoupling")
def ldam(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train a cosine classifier with a margin m_c ~ n_c^(-1/4) on the target (Cao et al., Eq. 10-13).

    n_c are the class counts. The largest margin is 0.5, and the scale s is 30.

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 78.9 % top-1 with AutoAugment, Cutout and longer training
    (NBN paper, Table I). The papers behind this library report no accuracy in this set-up.
    """
    return Recipe(
        name="ldam",
        head=HEAD,
        stages=(cao_stage(epochs[0], loss=LOSS, scale=SCALE),),
        description="Margins that grow with the rarity of the class",
        citation=CITATION,
    )


@register(setup="decoupling")
def ldam_drw(epochs: Sequence[int] = (160, 40)) -> Recipe:
    """Train with LDAM, then weight it by the effective number of images, beta = 0.9999 (Cao et al., Algorithm 1).

    The two stages form one run of 200 epochs with the published rates; only momentum restarts in stage 2.

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 77.03 % top-1 (GCL paper, Table 1).
    """
    return Recipe(
        name="ldam_drw",
        head=HEAD,
        stages=deferred(epochs, {"loss": LOSS}, {"loss": {**LOSS, "beta": 0.9999}}, scale=SCALE),
        description="Margins that grow with the rarity of the class, then class weights too",
        citation=CITATION,
    )


@register(setup="decoupling")
def ldam_drs(epochs: Sequence[int] = (160, 40)) -> Recipe:
    """Train with LDAM, then continue on class-balanced batches (deferred re-sampling of Cao et al.).

    The two stages form one run of 200 epochs with the published rates; only momentum restarts in stage 2.

    The papers behind this library report no accuracy on CIFAR-10-LT.
    """
    balanced = {"sampler": {"strategy": "class_balanced"}}
    return Recipe(
        name="ldam_drs",
        head=HEAD,
        stages=deferred(epochs, {}, balanced, loss=LOSS, scale=SCALE),
        description="Margins that grow with the rarity of the class, then class-balanced batches too",
        citation=CITATION,
    )
