"""Plain cross-entropy, the baseline of every long-tailed paper."""

from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP, SGD, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register


@register(setup="decoupling")
def cross_entropy(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train a linear classifier on instance-balanced batches, in the set-up of Cao et al. (2019).

    Batch 128 and SGD with rate 0.1, multiplied by 0.01 twice.

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 70.70 % top-1 (GCL paper, Table 1).
    """
    return Recipe(
        name="cross_entropy",
        head={"name": "dense"},
        stages=(
            Stage(
                epochs=epochs[0],
                loss={"name": "cross_entropy"},
                batch_size=128,
                augmentation=CROP_FLIP,
                optimizer=SGD,
                schedule=step_schedule(0.1, epochs[0], (1e-2, 1e-4)),
            ),
        ),
        description="Plain cross-entropy on the data as they come",
        citation="Cao et al., Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss, NeurIPS 2019 "
        "(training set-up)",
    )
