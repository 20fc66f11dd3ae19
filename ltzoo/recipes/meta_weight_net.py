"""Image weights by a network that learns on balanced batches (Meta-Weight-Net)."""

from collections.abc import Mapping, Sequence
from typing import Any

from ltzoo.recipes.cifar import CROP_FLIP, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register

META_PAIRS = {"strategy": "instance_balanced", "companion": {"strategy": "class_balanced"}}


@register
def meta_weight_net(epochs: Sequence[int] = (120,)) -> Recipe:
    """Weigh each image by a function of its loss that is learned on balanced batches (Shu et al. 2019).

    As released: batch 100, SGD with rate 0.1, multiplied by 0.1 at two thirds and five sixths of the epochs (80 and
    100 of 120), weight decay 5e-4. The meta images are those of the training set, drawn class by class; the paper has
    10 more images per class instead.

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 73.6 % top-1 (CAMC paper, Table V).
    """
    return Recipe(
        name="meta_weight_net",
        head={"name": "dense"},
        stages=(shu_stage(epochs[0], {"name": "meta_weight_net"}),),
        description="Image weights by a network of the loss, learned on balanced batches",
        citation="Shu et al., Meta-Weight-Net: Learning an Explicit Mapping For Sample Weighting, NeurIPS 2019",
    )


def shu_stage(epochs: int, technique: Mapping[str, Any]) -> Stage:
    """Return the stage of Shu et al. with a technique that weighs images by balanced ones."""
    return Stage(
        epochs=epochs,
        loss={"name": "cross_entropy"},
        batch_size=100,
        sampler=META_PAIRS,
        augmentation=CROP_FLIP,
        optimizer={"name": "sgd", "momentum": 0.9, "l2": 5e-4},
        schedule=step_schedule(0.1, epochs, (0.1, 0.01), shares=(2 / 3, 5 / 6), warmup=0),
        technique=technique,
    )
