"""t-vMF similarity: compact classes, then a cosine classifier on balanced batches."""

from collections.abc import Sequence

from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register
from ltzoo.recipes.two_stage import first_stage, second_stage


@register
def tvmf(epochs: Sequence[int] = (200, 10)) -> Recipe:
    """Train with the t-vMF similarity, then train a new cosine classifier on class-aware batches (Kobayashi 2021).

    kappa is 16, as in the released example. Stage 2 has the head with kappa 0, the cosine with a learned scale, on a
    frozen network. There is no set-up for CIFAR, so the training set-up is that of cRT, from MiSLAS. The released
    stage 2 keeps updating the statistics of batch norm; `stage2={"batch_norm": "shifted"}` does this.

    The papers behind this library report no accuracy.
    """
    head = {"name": "tvmf", "kappa": 16.0}
    cosine = {"name": "tvmf", "kappa": 0.0}
    return Recipe(
        name="tvmf",
        head=head,
        stages=(
            first_stage(epochs[0]),
            second_stage(epochs[1], head=cosine, reinitialize_head=True),
        ),
        description="Compact classes by the t-vMF similarity, then a new cosine classifier",
        citation="Kobayashi, t-vMF Similarity for Regularizing In-Class Feature Distribution, CVPR 2021",
    )
