"""Adaptive logit adjustment."""

from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP, SGD, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register


@register(setup="decoupling")
def ala(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train a cosine classifier, s = 30, with margins by difficulty and rarity (Zhao et al., AAAI 2022).

    The margin of an image of class y is (1 - cosine_y) / 2 / log2(n_y / n_min + 1), where n are the class counts. The
    training set-up follows Cao et al. (2019). Its accuracy on CIFAR-10-LT is unknown to this project.
    """
    return Recipe(
        name="ala",
        head={"name": "normalized_dense"},
        stages=(
            Stage(
                epochs=epochs[0],
                loss={"name": "adaptive_logit_adjustment"},
                batch_size=128,
                augmentation=CROP_FLIP,
                optimizer=SGD,
                schedule=step_schedule(0.1, epochs[0], (1e-2, 1e-4)),
                scale=30.0,
            ),
        ),
        description="Margins that grow with an image's difficulty and its class's rarity",
        citation="Zhao et al., Adaptive Logit Adjustment Loss for Long-Tailed Visual Recognition, AAAI 2022",
    )
