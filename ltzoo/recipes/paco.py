"""Parametric contrastive learning."""

from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register

CITATION = "Cui, Zhong, Liu, Yu and Jia, Parametric Contrastive Learning, ICCV 2021"
QUERY = [{"name": "auto_augment"}, {"name": "cutout", "size": 16}]
KEY = [{"name": "rand_augment", "num_ops": 2, "magnitude": 10}]


@register(setup="paco")
def paco(epochs: Sequence[int] = (400,)) -> Recipe:
    """Contrast learned class centers, which are a linear classifier, together with a queue of keys (PaCo).

    See `ltzoo.techniques.parametric_contrastive.ParametricContrastive` for the formula. The constants are from the
    released CIFAR-100-LT script: batch 128, rate 0.05 with 10 epochs of warm-up, x0.1 after 320 and 360 of 400, weight
    decay 5e-4, temperature 0.05, alpha 0.01, queue 1024, embedding 32 and momentum 0.999. Each image costs one
    training step and one extra forward pass. Validation reports the stage's loss, cross-entropy.

    Deviation: the key's view gets crop, flip and RandAugment, where the released code has SimAugment. In short runs
    the momentum copy lags behind: after n steps it still holds 0.999^n of its initial weights.

    Its accuracy on CIFAR-10-LT is unknown to this project. The NBN paper quotes 56.0 % on ImageNet-LT (ResNeXt-50,
    180 epochs, Table II).
    """
    return Recipe(
        name="paco",
        head={"name": "dense"},
        stages=(
            Stage(
                epochs=epochs[0],
                loss={"name": "cross_entropy"},
                batch_size=128,
                sampler={"strategy": "instance_balanced", "views": 2},
                augmentation=(*CROP_FLIP, {"name": "per_view", "steps": [QUERY, KEY]}),
                optimizer={"name": "sgd", "momentum": 0.9, "l2": 5e-4},
                schedule=step_schedule(0.05, epochs[0], (1e-1, 1e-2), warmup=10),
                technique={"name": "parametric_contrastive"},
            ),
        ),
        description="Learned class centers and a queue of momentum keys in one contrastive loss",
        citation=CITATION,
    )
