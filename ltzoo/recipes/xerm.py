"""xERM: a network that learns from the labels and from its balanced self."""

import dataclasses
from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register


@register
def xerm(epochs: Sequence[int] = (200, 200)) -> Recipe:
    """Train with cross-entropy, then again with the labels and the balanced predictions of the first network (xERM).

    As in the released configurations for CIFAR-100-LT (Zhu et al. 2022): in both stages batch 256, SGD with rate 0.2,
    5 epochs of warm-up, and the rate times 0.01 at 60 % and 80 % of the epochs (120 and 160 of 200); weight decay 5e-4
    for the teacher and 1e-4 for the student, which starts from the teacher's weights. The released ResNet-32 has 128
    features; this library's has 64.

    The papers behind this library report no accuracy on CIFAR-10-LT. On ImageNet-LT it is 54.1 % (NBN paper, Table II).
    """
    first = Stage(
        epochs=epochs[0],
        loss={"name": "cross_entropy"},
        batch_size=256,
        augmentation=CROP_FLIP,
        optimizer={"name": "sgd", "momentum": 0.9, "l2": 5e-4},
        schedule=step_schedule(0.2, epochs[0], (1e-2, 1e-4), shares=(0.6, 0.8)),
    )
    second = dataclasses.replace(
        first,
        epochs=epochs[1],
        optimizer={"name": "sgd", "momentum": 0.9, "l2": 1e-4},
        schedule=step_schedule(0.2, epochs[1], (1e-2, 1e-4), shares=(0.6, 0.8)),
        technique={"name": "cross_domain_risk", "gamma": 1.5},
    )
    return Recipe(
        name="xerm",
        head={"name": "dense"},
        stages=(first, second),
        description="Cross-entropy, then labels and the balanced predictions of the first network",
        citation="Zhu, Niu, Hua and Zhang, Cross-Domain Empirical Risk Minimization for Unbiased Long-Tailed "
        "Classification, AAAI 2022",
    )
