"""Learnable weight scaling (LWS), with and without mixup in the first stage."""

from collections.abc import Sequence

from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register
from ltzoo.recipes.two_stage import KANG, MISLAS, first_stage, second_stage

HEAD = {"name": "learnable_weight_scaling", "learn_kernel": False}


@register(setup="decoupling")
def lws(epochs: Sequence[int] = (200, 10)) -> Recipe:
    """Train with cross-entropy, then learn one scale per class on class-balanced batches (Kang et al., Section 4).

    z = s * (x W + b) for features x, with W and b frozen. As in the released code, the scale s also multiplies the
    bias. The constants are from the CIFAR set-up of MiSLAS, because Kang et al. have none. The backbone is frozen, as
    the paper says. In the released code its batch-norm statistics keep moving; `stage2={"batch_norm": "shifted"}`
    does this.

    The papers report no accuracy on CIFAR-10-LT in this set-up. With AutoAugment, Cutout and the longer training of
    the NBN paper it is 83.7 % (its Table I).
    """
    return Recipe(
        name="lws",
        head={"name": "dense"},
        stages=(first_stage(epochs[0]), second_stage(epochs[1], head=HEAD)),
        description="Cross-entropy, then one learned scale a class on class-balanced batches",
        citation=KANG,
    )


@register(setup="mislas")
def lws_mixup(epochs: Sequence[int] = (200, 10)) -> Recipe:
    """Train `lws` with mixup in the first stage, the variant that MiSLAS compares with (Tables 1 and 3).

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 76.3 % top-1 (MiSLAS paper, Table 3).
    """
    return Recipe(
        name="lws_mixup",
        head={"name": "dense"},
        stages=(first_stage(epochs[0], mixup_alpha=1.0), second_stage(epochs[1], head=HEAD)),
        description="Mixup, then one learned scale a class on class-balanced batches",
        citation=f"{KANG}; mixup as in {MISLAS}",
    )
