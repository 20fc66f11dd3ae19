"""Cross-entropy with deferred re-weighting."""

from collections.abc import Sequence

from ltzoo.recipes.one_run import deferred
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register


@register(setup="decoupling")
def cross_entropy_drw(epochs: Sequence[int] = (160, 40)) -> Recipe:
    """Train with cross-entropy, then weight it by the effective number of images (Cao et al., section 3.3).

    beta is 0.9999. The two stages form one run of 200 epochs with the published rates; only momentum restarts in
    stage 2. As in the published code, the loss of a batch is divided by its sum of weights.

    The papers behind this library report no accuracy on CIFAR-10-LT. On ImageNet-LT with ResNet-50 it is 48.5 %
    (MiSLAS paper, Table 4).
    """
    weighted = {"loss": {"name": "class_balanced_crossentropy", "beta": 0.9999, "average": "weights"}}
    return Recipe(
        name="cross_entropy_drw",
        head={"name": "dense"},
        stages=deferred(epochs, {}, weighted),
        description="Cross-entropy, then class weights by the effective number of images",
        citation="Cao et al., Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss, NeurIPS 2019",
    )
