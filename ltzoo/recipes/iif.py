"""Inverse image frequency: a classifier whose logits the rarity of their class multiplies."""

from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register

_COSINE = {"name": "normalized_dense"}
_SGD = {"name": "sgd", "momentum": 0.9, "l2": 1e-4}


@register
def iif(epochs: Sequence[int] = (400, 20)) -> Recipe:
    """Train a cosine classifier, then train it again with logits times log((N + 1) / (n + 1)) + 1.

    n are the class counts and N their sum (Alexandridis et al., Eq. 3). As in the released scripts for CIFAR-LT:
    mixup 0.2, AutoAugment, batch 64, rate 0.1 times 0.01 at 90 % and 95 % of the epochs (360 and 380 of 400), weight
    decay 1e-4; then 20 epochs of the classifier at 1e-4. The scale of the cosine is 16; the released scripts learn it.
    They use SE-ResNet-32.

    The papers behind this library report no accuracy on CIFAR-10-LT. On ImageNet-LT it is 52.8 % (NBN paper, Table II).
    """
    return Recipe(
        name="iif",
        head=_COSINE,
        stages=(
            Stage(
                epochs=epochs[0],
                loss={"name": "cross_entropy"},
                batch_size=64,
                augmentation=[*CROP_FLIP, {"name": "auto_augment"}],
                mixup_alpha=0.2,
                optimizer=_SGD,
                schedule=step_schedule(0.1, epochs[0], (1e-2, 1e-4), shares=(0.9, 0.95), warmup=0),
                scale=16.0,
            ),
            Stage(
                epochs=epochs[1],
                loss={"name": "cross_entropy"},
                batch_size=64,
                augmentation=CROP_FLIP,
                optimizer=_SGD,
                schedule={"name": "constant", "learning_rate": 1e-4},
                head={"name": "inverse_image_frequency", "head": _COSINE},
                scale=16.0,
                trainable="head",
                batch_norm="frozen",
            ),
        ),
        description="Cosine classifier, trained again with logits times the rarity of their class",
        citation="Alexandridis, Luo, Nguyen, Deng and Zafeiriou, Inverse Image Frequency for Long-Tailed Image "
        "Recognition, IEEE TIP 2023",
    )
