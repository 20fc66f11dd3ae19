"""Remix: mixup that favors the rarer class's label."""

from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP, SGD, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register


@register
def remix(epochs: Sequence[int] = (200,)) -> Recipe:
    """Cross-entropy on images mixed with lambda ~ Beta(1, 1) and labels by Eq. 7, kappa = 3, tau = 0.5 (Chou et al.).

    The training set-up is that of Cao et al. (2019). The paper's best results add deferred re-weighting: 79.8 % top-1
    on CIFAR-10-LT, imbalance factor 100, ResNet-32, 300 epochs (MiSLAS paper, Table 3); it is not part of this recipe.
    """
    return Recipe(
        name="remix",
        head={"name": "dense"},
        stages=(
            Stage(
                epochs=epochs[0],
                loss={"name": "cross_entropy"},
                batch_size=128,
                augmentation=(*CROP_FLIP, {"name": "remix", "alpha": 1.0, "kappa": 3.0, "tau": 0.5}),
                optimizer=SGD,
                schedule=step_schedule(0.1, epochs[0], (1e-2, 1e-4)),
            ),
        ),
        description="Mixup whose labels favor the rarer class",
        citation="Chou et al., Remix: Rebalanced Mixup, ECCV Workshops 2020",
    )
