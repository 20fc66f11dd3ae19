"""Cross-entropy with deferred re-weighting."""

from collections.abc import Sequence

from ltzoo.recipes.one_run import deferred
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register


@register
def cross_entropy_drw(epochs: Sequence[int] = (160, 40)) -> Recipe:
    """Cross-entropy, then the same weighted by the effective number of images, beta = 0.9999 (Cao et al., section 3.3).

    Both stages are one run of 200 epochs with the published rates; only the momentum starts anew in stage 2. The
    batch's loss is divided by its sum of weights, as in the published code.

    The papers behind this library give no figure for it on CIFAR-10-LT (ImageNet-LT, ResNet-50: 48.5 %, MiSLAS paper,
    Table 4).
    """
    weighted = {"loss": {"name": "class_balanced_crossentropy", "beta": 0.9999, "average": "weights"}}
    return Recipe(
        name="cross_entropy_drw",
        head={"name": "dense"},
        stages=deferred(epochs, {}, weighted),
        description="Cross-entropy, then class weights by the effective number of images",
        citation="Cao et al., Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss, NeurIPS 2019",
    )
