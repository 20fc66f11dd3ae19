"""Hybrid networks: from supervised contrast to classification in one run."""

from collections.abc import Sequence
from typing import Any

from ltzoo.recipes.cifar import CROP_FLIP, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register

CITATION = (
    "Wang, Han, Wei, Zhang and Wang, Contrastive Learning Based Hybrid Networks for Long-Tailed Image "
    "Classification, CVPR 2021"
)


@register
def hybrid_sc(epochs: Sequence[int] = (200,)) -> Recipe:
    """Move from supervised contrast to cross-entropy on balanced batches (Hybrid-SC, Wang et al. 2021).

    See `ltzoo.techniques.hybrid_contrastive.HybridContrastive`. The set-up is the paper's for CIFAR: batch 512, SGD
    with rate 0.5, x0.1 at 60 % and 80 % of the epochs (120 and 160 of 200), weight decay 1e-4, temperature 0.1, and
    crop, flip and grayscale with probability 0.2. A batch holds 512 images twice for contrast and 512 for the
    classifier, so an image costs as much as three. The authors released no code.

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 81.40 % top-1 (GCL paper, Table 1).
    """
    return Recipe(
        name="hybrid_sc",
        head={"name": "dense"},
        stages=(_stage(epochs[0], form="supervised"),),
        description="From supervised contrast to cross-entropy on balanced batches",
        citation=CITATION,
    )


@register
def hybrid_psc(epochs: Sequence[int] = (200,)) -> Recipe:
    """Move from contrast with class prototypes to cross-entropy on balanced batches (Hybrid-PSC, Wang et al. 2021).

    As `hybrid_sc`, with learned prototypes instead of the other images, at temperature 1 on CIFAR-10-LT.

    The papers behind this library report no accuracy.
    """
    return Recipe(
        name="hybrid_psc",
        head={"name": "dense"},
        stages=(_stage(epochs[0], form="prototypical", temperature=1.0),),
        description="From contrast with class prototypes to cross-entropy on balanced batches",
        citation=CITATION,
    )


def _stage(epochs: int, **technique: Any) -> Stage:
    return Stage(
        epochs=epochs,
        loss={"name": "cross_entropy"},
        batch_size=512,
        sampler={"strategy": "instance_balanced", "views": 2, "companion": {"strategy": "class_balanced"}},
        augmentation=(*CROP_FLIP, {"name": "random_gray", "probability": 0.2}),
        optimizer={"name": "sgd", "momentum": 0.9, "l2": 1e-4},
        schedule=step_schedule(0.5, epochs, (0.1, 0.01), shares=(0.6, 0.8), warmup=0),
        technique={"name": "hybrid_contrastive", **technique},
    )
