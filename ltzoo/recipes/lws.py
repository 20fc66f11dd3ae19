"""Learnable weight scaling (LWS), with and without mixup in the first stage."""

from collections.abc import Sequence

from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register
from ltzoo.recipes.two_stage import KANG, MISLAS, first_stage, second_stage

HEAD = {"name": "learnable_weight_scaling", "learn_kernel": False}


@register
def lws(epochs: Sequence[int] = (200, 10)) -> Recipe:
    """Train with cross-entropy, then learn one scale a class on class-balanced batches (Kang et al., Section 4).

    z = s * (x W + b) with W and b fixed; the scale multiplies the bias too, as in the released code. The constants are
    those of MiSLAS' CIFAR set-up, because Kang et al. have none for CIFAR. The backbone is frozen, as the paper says;
    in the released code its batch-norm statistics go on moving, which is `stage2={"batch_norm": "shifted"}`.

    The papers give no result for it on CIFAR-10-LT in this set-up; with AutoAugment, Cutout and the longer training of
    the NBN paper it has 83.7 % (its Table I).
    """
    return Recipe(
        name="lws",
        head={"name": "dense"},
        stages=(first_stage(epochs[0]), second_stage(epochs[1], head=HEAD)),
        description="Cross-entropy, then one learned scale a class on class-balanced batches",
        citation=KANG,
    )


@register
def lws_mixup(epochs: Sequence[int] = (200, 10)) -> Recipe:
    """LWS after a first stage with mixup, as MiSLAS compares with it (Tables 1 and 3); see `lws`.

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 76.3 % top-1 (MiSLAS paper, Table 3).
    """
    return Recipe(
        name="lws_mixup",
        head={"name": "dense"},
        stages=(first_stage(epochs[0], mixup_alpha=1.0), second_stage(epochs[1], head=HEAD)),
        description="Mixup, then one learned scale a class on class-balanced batches",
        citation=f"{KANG}; mixup as in {MISLAS}",
    )
