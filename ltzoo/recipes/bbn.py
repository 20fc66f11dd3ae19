"""Bilateral-branch network with cumulative learning."""

from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register


@register(setup="decoupling")
def bbn(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train one branch on the original data and one on rare classes, moving from the first to the second.

    alpha = 1 - (T / T_max)^2 weights features and losses of the branches at epoch T (Eq. 3-5). Each branch has its
    own last residual block, and the images of the second come from the reversed sampler (P_c ~ 1 / n_c). Batches
    have 128 pairs. The rate drops x0.01 at 60 % and 80 % of the epochs.

    As in the published code, the training features have a factor 2, the classifier has a bias, and SGD has Nesterov
    momentum. Its rate table is copied too: 5 epochs of warm-up from a third of the rate, and the scheduler steps before
    each epoch. So the first epoch has 7/15 of the rate, and the drops come one epoch early, after 119 and 159 of 200.
    For the paper's features see the conversion "two_branch" (`scale=0.5`).

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
                optimizer={"name": "sgd", "momentum": 0.9, "l2": 2e-4, "nesterov": True},
                schedule=_schedule(epochs[0]),
                technique={"name": "two_branch"},
            ),
        ),
        description="Two branches with a reversed sampler and cumulative learning",
        citation="Zhou, Cui, Wei and Chen, BBN: Bilateral-Branch Network with Cumulative Learning for Long-Tailed "
        "Visual Recognition, CVPR 2020",
    )


def _schedule(epochs):
    """Return the rates of the released scheduler, which steps before each epoch."""
    rate, warmup = 0.1, min(5, epochs // 8)
    return {
        "name": "multi_step",
        "learning_rate": rate,
        "warmup_epochs": warmup,
        "warmup_start": rate * (1.0 + 2.0 / max(warmup, 1)) / 3.0,
        "milestones": [max(round(share * epochs) - 1, 1) for share in (0.6, 0.8)],
        "factors": [1e-2, 1e-4],
    }
