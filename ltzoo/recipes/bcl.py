"""Balanced contrastive learning, plain and on a backbone with normalized batch normalization."""

import dataclasses
from collections.abc import Sequence

from ltzoo.recipes.cifar import CROP_FLIP, step_schedule
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register

CITATION = "Zhu et al., Balanced Contrastive Learning for Long-Tailed Visual Recognition, CVPR 2022"
CLASSIFIED = [{"name": "auto_augment"}, {"name": "cutout", "size": 16}]
CONTRASTED = [{"name": "rand_augment", "num_ops": 2, "magnitude": 10}]


@register
def bcl(epochs: Sequence[int] = (200,)) -> Recipe:
    """BCL: a cosine classifier with balanced softmax on one view, balanced contrast of two others.

    loss = 2 L + 0.6 BCL; see `ltzoo.techniques.balanced_contrastive.BalancedContrastive` for the formula. The released
    code has the large datasets only. For CIFAR: batch 256, 0.15 with a warm-up of 5 epochs, x0.1 after 160 and 180 of
    200, weight decay 5e-4, temperature 0.1, projections 512 - 128, AutoAugment and Cutout on the classified view. An
    image costs three.

    Deviations: the two contrasted views get crop, flip and RandAugment where SimAugment is usual; the released code
    offers both kinds. The cosine classifier with scale 30 is that code's.

    Expected accuracy on CIFAR-10-LT: not known to this project. The NBN paper quotes 56.7 % on ImageNet-LT (Table II)
    and 71.7 % on iNaturalist 2018 (Table III).
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


@register
def bcl_nbn(epochs: Sequence[int] = (200,)) -> Recipe:
    """BCL on a backbone with normalized batch normalization ("BCL + Ours" of the NBN paper, Tables II and III).

    The conversion "nbn" with its defaults, everything else as in `bcl`.

    The NBN paper reports it on ImageNet-LT (57.7 % top-1, ResNeXt-50, 90 to 100 epochs; BCL alone 56.7 %) and
    iNaturalist 2018 (72.6 %; 71.7 %), not on CIFAR.
    """
    return dataclasses.replace(
        bcl(epochs),
        name="bcl_nbn",
        conversions=({"name": "nbn"},),
        description="Balanced contrastive learning on a backbone with normalized batch normalization",
        citation=f"{CITATION}; Bao et al., Normalizing Batch Normalization for Long-Tailed Recognition, 2024",
    )
