"""Logit adjustment, during or after training."""

from collections.abc import Sequence

from ltzoo.recipes.one_run import cao_stage
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register
from ltzoo.recipes.two_stage import post_hoc_stage

CITATION = "Menon et al., Long-tail Learning via Logit Adjustment, ICLR 2021"


@register(setup="decoupling")
def logit_adjustment(epochs: Sequence[int] = (200,)) -> Recipe:
    """Train with cross-entropy on z + tau log(n / N), tau = 1, and predict with z (Menon et al., Eq. 10).

    z are the logits and n / N the class shares. With tau = 1 it equals `balanced_softmax`. The training set-up follows
    Cao et al. (2019).

    The papers behind this library report no accuracy on CIFAR-10-LT. On ImageNet-LT with ResNet-50 it is 51.11 % (GCL
    paper, Table 2).
    """
    return Recipe(
        name="logit_adjustment",
        head={"name": "dense"},
        stages=(cao_stage(epochs[0], loss={"name": "logit_adjustment", "tau": 1.0}),),
        description="Softmax with the class prior added to the logits in training",
        citation=CITATION,
    )


@register(setup="decoupling")
def logit_adjustment_post_hoc(epochs: Sequence[int] = (200, 0)) -> Recipe:
    """Train with cross-entropy, then predict with z - tau log(n / N), tau = 1 (Menon et al., Eq. 9).

    z are the logits and n / N the class shares. Stage 2 trains nothing; see `ltzoo.heads.logit_adjusted`.

    The papers behind this library report no accuracy on CIFAR-10-LT.
    """
    return Recipe(
        name="logit_adjustment_post_hoc",
        head={"name": "dense"},
        stages=(cao_stage(epochs[0]), post_hoc_stage({"name": "logit_adjusted", "tau": 1.0})),
        description="Cross-entropy, then logits without the class prior",
        citation=CITATION,
    )
