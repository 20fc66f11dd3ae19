"""Balanced contrastive learning, on a plain backbone and with normalized batch normalization."""

import dataclasses
from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register

CITATION = "Zhu et al., Balanced Contrastive Learning for Long-Tailed Visual Recognition, CVPR 2022"
CLASSIFIED = [{"name": "auto_augment"}, {"name": "cutout", "size": 16}]
CONTRASTED = [{"name": "rand_augment", "num_ops": 2, "magnitude": 10}]


@register(setup="bcl")
def bcl(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train a cosine classifier with balanced softmax on one view, and balanced contrast on two others (BCL).

    loss = 2 L + 0.6 BCL; see `ltzoo.techniques.balanced_contrastive.BalancedContrastive` for the formula. The CIFAR
    settings are: batch 256, rate 0.15 with 5 epochs of warm-up, x0.1 after 160 and 180 of 200, weight decay 5e-4,
    temperature 0.1, projections 512 - 128, and AutoAugment and Cutout on the classified view. Each image costs as
    much as three. The released code covers only the large datasets; the cosine classifier with scale 30 is from it.

    Deviation: the two contrasted views get crop, flip and RandAugment, where SimAugment is usual. The released code
    offers both.

    Its accuracy on CIFAR-10-LT is unknown to this project. The NBN paper quotes 56.7 % on ImageNet-LT (Table II) and
    71.7 % on iNaturalist 2018 (Table III).
    """
    return Recipe(
        name="bcl",
        head={"name": "normalized_dense"},
        stages=(
            Stage(
                epochs=epochs[0],
                loss={"name": "balanced_softmax"},
                batch_size=256,
                sampler={"strategy": "instance_balanced", "views": 3},
                augmentation=(
                    *CROP_FLIP,
                    {"name": "per_view", "steps": [CLASSIFIED, CONTRASTED, CONTRASTED]},
                ),
                optimizer={"name": "sgd", "momentum": 0.9, "l2": 5e-4},
                schedule=step_schedule(0.15, epochs[0], (1e-1, 1e-2)),
                scale=30.0,
                technique={"name": "balanced_contrastive", "views": 3},
            ),
        ),
        description="Balanced softmax on one view of an image, balanced contrastive learning on two others",
        citation=CITATION,
    )


@register(setup="bcl")
def bcl_nbn(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train BCL with normalized batch normalization ("BCL + Ours" of the NBN paper, Tables II and III).

    It adds the conversion "nbn" with its defaults to `bcl`.

    The NBN paper has no result on CIFAR. On ImageNet-LT it reports 57.7 % top-1 (ResNeXt-50, 90 to 100 epochs; BCL
    alone 56.7 %), and on iNaturalist 2018 72.6 % (BCL alone 71.7 %).
    """
    return dataclasses.replace(
        bcl(epochs),
        name="bcl_nbn",
        conversions=({"name": "nbn"},),
        description="Balanced contrastive learning on a backbone with normalized batch normalization",
        citation=f"{CITATION}; Bao et al., Normalizing Batch Normalization for Long-Tailed Recognition, 2024",
    )
