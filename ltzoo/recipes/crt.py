"""Classifier re-training (cRT), with and without mixup in the first stage."""

from collections.abc import Sequence

from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register
from ltzoo.recipes.two_stage import KANG, MISLAS, first_stage, second_stage


@register
def crt(epochs: Sequence[int] = (200, 10)) -> Recipe:
    """Train with cross-entropy, then train a new linear classifier on class-balanced batches (Kang et al., Section 4).

    The constants are those of MiSLAS' CIFAR set-up, because Kang et al. have none for CIFAR. The backbone is frozen,
    as the paper says; in the released code its batch-norm statistics go on moving, which is
    `stage2={"batch_norm": "shifted"}`. The epoch of stage 2 is one pass over as many images as there are.

    The papers give no result for it on CIFAR-10-LT without mixup.
    """
    return Recipe(
        name="crt",
        head={"name": "dense"},
        stages=(first_stage(epochs[0]), second_stage(epochs[1], reinitialize_head=True)),
        description="Cross-entropy, then a new classifier on class-balanced batches",
        citation=KANG,
    )


@register
def crt_mixup(epochs: Sequence[int] = (200, 10)) -> Recipe:
    """cRT after a first stage with mixup, as MiSLAS compares with it (Tables 1 and 3); see `crt`.

    Mixup in stage 2 does not help (MiSLAS, Section 3.1), so there is none.

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 79.1 % top-1 (MiSLAS paper, Table 3; 79.15 in Table 1 of
    the GCL paper).
    """
    return Recipe(
        name="crt_mixup",
        head={"name": "dense"},
        stages=(
            first_stage(epochs[0], mixup_alpha=1.0),
            second_stage(epochs[1], reinitialize_head=True),
        ),
        description="Mixup, then a new classifier on class-balanced batches",
        citation=f"{KANG}; mixup as in {MISLAS}",
    )
