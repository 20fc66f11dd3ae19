"""ABC-Norm: a penalty on confident predictions of frequent classes."""

from collections.abc import Sequence

from ltzoo.recipes.one_run import cao_stage
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register


@register
def abc_norm(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train with cross-entropy and a penalty on confident predictions of frequent classes (Hsu et al. 2023).

    The released code has no set-up for CIFAR, so the training set-up follows Cao et al. (2019).

    The papers behind this library report no accuracy on CIFAR-10-LT. On ImageNet-LT it is 51.7 % (NBN paper, Table II).
    """
    return Recipe(
        name="abc_norm",
        head={"name": "dense"},
        stages=(cao_stage(epochs[0], loss={"name": "adaptive_batch_confusion"}),),
        description="Cross-entropy with a penalty on confident predictions of frequent classes",
        citation="Hsu et al., ABC-Norm Regularization for Fine-Grained and Long-Tailed Image Classification, IEEE TIP "
        "2023",
    )
