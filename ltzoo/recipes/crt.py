"""Classifier retraining (cRT), with and without mixup in the first stage."""

from collections.abc import Sequence

from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register
from ltzoo.recipes.two_stage import KANG, MISLAS, first_stage, second_stage


@register(setup="decoupling")
def crt(epochs: Sequence[int] = (200, 10)) -> Recipe:
    """Train with cross-entropy, then train a new linear classifier on class-balanced batches (Kang et al., Section 4).

    The constants are from the CIFAR set-up of MiSLAS, because Kang et al. have none. The backbone is frozen, as the
    paper says. In the released code its batch-norm statistics keep moving; `stage2={"batch_norm": "shifted"}` does
    this. An epoch of stage 2 draws as many images as the dataset has.

    The papers report no accuracy on CIFAR-10-LT without mixup.
    """
    return Recipe(
        name="crt",
        head={"name": "dense"},
        stages=(first_stage(epochs[0]), second_stage(epochs[1], reinitialize_head=True)),
        description="Cross-entropy, then a new classifier on class-balanced batches",
        citation=KANG,
    )


@register(setup="mislas")
def crt_mixup(epochs: Sequence[int] = (200, 10)) -> Recipe:
    """Train `crt` with mixup in the first stage, the variant that MiSLAS compares with (Tables 1 and 3).

    Mixup does not help in stage 2 (MiSLAS, Section 3.1), which therefore has none.

    Expected on CIFAR-10-LT, imbalance factor 100, ResNet-32: 79.1 % top-1 (MiSLAS paper, Table 3; 79.15 % in Table 1
    of the GCL paper).
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
