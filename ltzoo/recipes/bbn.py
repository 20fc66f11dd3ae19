"""Bilateral-branch network with cumulative learning."""

from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP, SGD
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register


@register
def bbn(epochs: Sequence[int] = (200,)) -> Recipe:
    """Two branches, one on the data as they come and one on rare classes, the first giving way to the second.

    alpha = 1 - (T / T_max)^2 weighs features and losses of the branches (Eq. 3-5); the last residual block is there
    twice, and the second branch's images come from the reversed sampler (P_c ~ 1 / n_c). Rates x0.01 at 60 % and
    80 % of the epochs (120 and 160 of 200) after a warm-up of 5, batches of 128 pairs.

    As in the published code, the training features carry a factor 2 and the classifier a bias; for the paper's form
    see the conversion "two_branch" (`scale=0.5`).

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 79.82 % top-1 (BBN paper, Table 2).
    """
    return Recipe(
        name="bbn",
        head={"name": "dense"},
        conversions=({"name": "two_branch"},),
        stages=(
            Stage(
                epochs=epochs[0],
                loss={"name": "cross_entropy"},
                batch_size=128,
                sampler={"strategy": "instance_balanced", "companion": {"strategy": "reversed"}},
                augmentation=CROP_FLIP,
                optimizer=SGD,
                schedule={
                    "name": "multi_step",
                    "learning_rate": 0.1,
                    "warmup_epochs": min(5, epochs[0] // 8),
                    "milestones": [round(0.6 * epochs[0]), round(0.8 * epochs[0])],
                    "factors": [1e-2, 1e-4],
                },
                technique={"name": "two_branch"},
            ),
        ),
        description="Two branches with a reversed sampler and cumulative learning",
        citation="Zhou, Cui, Wei and Chen, BBN: Bilateral-Branch Network with Cumulative Learning for Long-Tailed "
        "Visual Recognition, CVPR 2020",
    )
