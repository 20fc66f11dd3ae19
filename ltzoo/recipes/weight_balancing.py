"""Weight balancing: tuned weight decay, then a classifier with weight decay and MaxNorm."""

from collections.abc import Sequence
from typing import Any

from ltzoo.recipes.cifar import CROP_FLIP
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register

CITATION = "Alshammari et al., Long-Tailed Recognition via Weight Balancing, CVPR 2022"


@register(setup="weight_balancing")
def weight_balancing(epochs: Sequence[int] = (200, 10)) -> Recipe:
    """Train two stages whose regularizers keep the norms of the class vectors similar (Alshammari et al., Eq. 3-6).

    Stage 1: cross-entropy with weight decay 5e-3. Stage 2 continues with the classifier. It uses the class-balanced
    loss as the released code computes it, from binary cross-entropies of the softmax outputs (beta 0.9999; see
    `ltzoo.losses.class_balanced_softmax_bce`), weight decay 0.1 and MaxNorm once per epoch. The radius is min + 0.1
    (max - min) of the norms at the end of stage 1. The frozen network keeps batch normalization in training mode, and
    predictions average an image and its mirror image. Both stages have batch 64 and a cosine rate from 0.01. The
    authors' network is `{"name": "resnet34", "stem": "small"}`. The released code tuned these values on CIFAR-100-LT
    with imbalance factor 100; other data need other values.

    Deviations from the released code: the last epoch is kept, not the best one on the test set. Stage 1 has 200 epochs
    instead of 320. For the loss that the paper names see `weight_balancing_cross_entropy`.

    Its accuracy on CIFAR-10-LT is unknown to this project; measure it with `benchmarks.cifar10_lt.train`.
    """
    return _recipe(
        "weight_balancing",
        epochs,
        "Balanced class vectors by weight decay and MaxNorm (released code)",
        conversions=({"name": "flip_average"},),
        loss={"name": "class_balanced_softmax_bce", "beta": 0.9999},
        batch_norm="shifted",
        technique={"name": "max_norm", "fraction": 0.1, "every": "epoch"},
    )


@register(setup="weight_balancing")
def weight_balancing_cross_entropy(epochs: Sequence[int] = (200, 10)) -> Recipe:
    """Train `weight_balancing` with class-balanced cross-entropy and MaxNorm at every step, as the paper's text says.

    With the weight decay of the released code, which belongs to a loss whose gradient is smaller by about the number of
    classes, the decay has less effect here. Batch normalization is frozen in stage 2.

    Its accuracy on CIFAR-10-LT is unknown to this project; measure it with `benchmarks.cifar10_lt.train`.
    """
    return _recipe(
        "weight_balancing_cross_entropy",
        epochs,
        "Balanced class vectors by weight decay and MaxNorm",
        loss={"name": "class_balanced_crossentropy", "beta": 0.9999, "average": "batch"},
        batch_norm="frozen",
        technique={"name": "max_norm", "fraction": 0.1},
    )


def _recipe(name, epochs, description, conversions=(), **second):
    shared: dict[str, Any] = {
        "batch_size": 64,
        "augmentation": CROP_FLIP,
        "schedule": {"name": "cosine", "learning_rate": 0.01},
    }
    return Recipe(
        name=name,
        head={"name": "dense"},
        conversions=conversions,
        stages=(
            Stage(
                epochs=epochs[0],
                loss={"name": "cross_entropy"},
                optimizer={"name": "sgd", "momentum": 0.9, "l2": 5e-3},
                **shared,
            ),
            Stage(
                epochs=epochs[1],
                optimizer={"name": "sgd", "momentum": 0.9, "l2": 0.1},
                trainable="head",
                **second,
                **shared,
            ),
        ),
        description=description,
        citation=CITATION,
    )
