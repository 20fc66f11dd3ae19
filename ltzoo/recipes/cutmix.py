"""Cross-entropy with CutMix."""

from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP, SGD, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register


@register(setup="decoupling")
def cutmix(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train with cross-entropy, pasting rectangles of other images in half of the batches (Yun et al., for CIFAR).

    lambda, the share of an image that stays, is drawn from Beta(1, 1). The training set-up follows Cao et al. (2019).
    The paper uses only balanced data.
    """
    return Recipe(
        name="cutmix",
        head={"name": "dense"},
        stages=(
            Stage(
                epochs=epochs[0],
                loss={"name": "cross_entropy"},
                batch_size=128,
                augmentation=(*CROP_FLIP, {"name": "cutmix", "alpha": 1.0, "probability": 0.5}),
                optimizer=SGD,
                schedule=step_schedule(0.1, epochs[0], (1e-2, 1e-4)),
            ),
        ),
        description="Cross-entropy with CutMix on the data as they come",
        citation="Yun et al., CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features, "
        "ICCV 2019",
    )
