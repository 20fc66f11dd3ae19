"""Bilateral-branch network with cumulative learning."""

from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP, SGD
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register


@register(setup="decoupling")
def bbn(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train one branch on the original data and one on rare classes, moving from the first to the second.

    alpha = 1 - (T / T_max)^2 weights features and losses of the branches at epoch T (Eq. 3-5). Each branch has its
    own last residual block, and the images of the second come from the reversed sampler (P_c ~ 1 / n_c). Batches
    have 128 pairs. The rate rises over 5 epochs and drops x0.01 with the 120th and the 160th epoch of 200.

    The released schedule gives the rates: the factor of the warm-up is 1/3 before the first epoch and 1 in the fifth,
    and it advances before each epoch. So the first epoch has 0.047, and epochs count from 1 at the drops.

    As in the published code, the training features have a factor 2 and the classifier has a bias. For the paper's
    form see the conversion "two_branch" (`scale=0.5`).

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
                schedule=_schedule(epochs[0]),
                technique={"name": "two_branch"},
            ),
        ),
        description="Two branches with a reversed sampler and cumulative learning",
        citation="Zhou, Cui, Wei and Chen, BBN: Bilateral-Branch Network with Cumulative Learning for Long-Tailed "
        "Visual Recognition, CVPR 2020",
    )


def _schedule(epochs):
    warmup = min(5, epochs // 8)
    schedule = {
        "name": "multi_step",
        "learning_rate": 0.1,
        "warmup_epochs": warmup,
        "milestones": [round(share * epochs) - 1 for share in (0.6, 0.8)],
        "factors": [1e-2, 1e-4],
    }
    return schedule | ({"warmup_start": 0.1 * (1 + 2 / warmup) / 3} if warmup else {})
