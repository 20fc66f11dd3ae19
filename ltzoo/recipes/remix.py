"""Remix: mixup that favors the rarer class's label."""

from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP, SGD, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register


@register(setup="decoupling")
def remix(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train with cross-entropy on mixed images, with labels by Eq. 7, kappa = 3, tau = 0.5 (Chou et al.).

    Images are mixed with lambda ~ Beta(1, 1). If one class is kappa times as frequent as the other, or more, and its
    share of the image is below tau, the label is the rarer class alone. The training set-up follows Cao et al. (2019).

    The paper's best results add deferred re-weighting, which is not part of this recipe: 79.8 % top-1 on CIFAR-10-LT,
    imbalance factor 100, ResNet-32, 300 epochs (MiSLAS paper, Table 3).
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
