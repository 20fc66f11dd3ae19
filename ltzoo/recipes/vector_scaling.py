"""VS loss: logits that the class counts divide and shift in training."""

from collections.abc import Sequence

from ltzoo.recipes.one_run import cao_stage
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register


@register
def vector_scaling(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train with the VS loss: cross-entropy of z / D + tau log(n / N) with D = (max n / n)^gamma (Kini et al. 2021).

    gamma = 0.2 and tau = 1.2 are the released choice for CIFAR-10-LT with an imbalance factor of 100. For the CDT loss
    of Ye et al. (2020) give the loss `tau=0`. The training set-up follows Cao et al. (2019), as there.

    The papers behind this library report no accuracy.
    """
    return Recipe(
        name="vector_scaling",
        head={"name": "dense"},
        stages=(cao_stage(epochs[0], loss={"name": "vector_scaling", "gamma": 0.2, "tau": 1.2}),),
        description="Softmax of logits that the class counts divide and shift",
        citation="Kini, Paraskevas, Oymak and Thrampoulidis, Label-Imbalanced and Group-Sensitive Classification under "
        "Overparameterization, NeurIPS 2021",
    )
