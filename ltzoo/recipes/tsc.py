"""TSC: contrast with class targets on the sphere, then a linear classifier."""

from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register
from ltzoo.recipes.two_stage import second_stage


@register
def tsc(epochs: Sequence[int] = (400, 40)) -> Recipe:
    """Learn features by targeted supervised contrast, then a linear classifier on class-aware batches (TSC, Li et al.).

    See `ltzoo.techniques.targeted_contrastive.TargetedContrastive`. Stage 1 has the released set-up for ImageNet-LT:
    batch 256, a cosine rate from 0.1, weight decay 1e-4, 400 epochs. There is none for CIFAR of this network: the queue
    of 1,024, views by crop and flip, and stage 2, 40 epochs as that of cRT, are this library's choice.

    This is not the "TSC" of the NBN paper's tables, which is the t-distributed spherical feature representation of Yang
    et al. (AAAI 2023). The papers behind this library report no accuracy.
    """
    return Recipe(
        name="tsc",
        head={"name": "dense"},
        stages=(
            Stage(
                epochs=epochs[0],
                loss={"name": "cross_entropy"},
                batch_size=256,
                sampler={"strategy": "instance_balanced", "views": 2},
                augmentation=CROP_FLIP,
                optimizer={"name": "sgd", "momentum": 0.9, "l2": 1e-4},
                schedule={"name": "cosine", "learning_rate": 0.1},
                technique={"name": "targeted_contrastive"},
            ),
            second_stage(epochs[1], reinitialize_head=True),
        ),
        description="Contrast with class targets that are spread over the sphere, then a linear classifier",
        citation="Li, Cao, Yuan, Fan, Yang, Feris, Indyk and Katabi, Targeted Supervised Contrastive Learning for "
        "Long-Tailed Recognition, CVPR 2022",
    )
