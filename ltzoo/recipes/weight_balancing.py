"""Weight balancing: tuned weight decay, then a classifier with weight decay and MaxNorm."""

from collections.abc import Sequence
from typing import Any

from ltzoo.recipes.cifar import CROP_FLIP
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register


@register(setup="weight_balancing")
def weight_balancing(epochs: Sequence[int] = (200, 10)) -> Recipe:
    """Train two stages whose regularizers keep the norms of the class vectors similar (Alshammari et al., Eq. 3-6).

    Stage 1: cross-entropy with weight decay 5e-3. Stage 2 continues with the classifier on a frozen backbone. It uses
    the class-balanced loss (beta 0.9999, plain mean), weight decay 0.1 and MaxNorm. The radius is min + 0.1 (max -
    min) of the norms at the end of stage 1. Both stages have batch 64 and a cosine rate from 0.01. The released code
    tuned these values on CIFAR-100-LT with imbalance factor 100; other data need other values.

    Deviations from the released code: MaxNorm acts at every step, not once per epoch. The class-balanced loss is
    softmax cross-entropy; the code averages the binary cross-entropy of every softmax output over the classes. The
    last epoch is kept, not the best one on the test set. Stage 1 has 200 epochs instead of 320.

    Its accuracy on CIFAR-10-LT is unknown to this project; measure it with `benchmarks.cifar10_lt.train`.
    """
    shared: dict[str, Any] = {
        "batch_size": 64,
        "augmentation": CROP_FLIP,
        "schedule": {"name": "cosine", "learning_rate": 0.01},
    }
    return Recipe(
        name="weight_balancing",
        head={"name": "dense"},
        stages=(
            Stage(
                epochs=epochs[0],
                loss={"name": "cross_entropy"},
                optimizer={"name": "sgd", "momentum": 0.9, "l2": 5e-3},
                **shared,
            ),
            Stage(
                epochs=epochs[1],
                loss={"name": "class_balanced_crossentropy", "beta": 0.9999, "average": "batch"},
                optimizer={"name": "sgd", "momentum": 0.9, "l2": 0.1},
                trainable="head",
                batch_norm="frozen",
                technique={"name": "max_norm", "fraction": 0.1},
                **shared,
            ),
        ),
        description="Balanced class vectors by weight decay and MaxNorm",
        citation="Alshammari et al., Long-Tailed Recognition via Weight Balancing, CVPR 2022",
    )
