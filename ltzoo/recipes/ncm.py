"""Nearest class mean on the features of a trained network."""

from collections.abc import Sequence

from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register
from ltzoo.recipes.two_stage import KANG, first_stage, post_hoc_stage


@register(setup="decoupling")
def ncm(epochs: Sequence[int] = (200, 0)) -> Recipe:
    """Train with cross-entropy, then classify by the cosine to the mean training feature of each class.

    Stage 2 trains nothing (Kang et al., Section 4). The arguments of `ltzoo.heads.nearest_class_mean` give other
    variants of the published code, such as `stage2={"head": {"name": "nearest_class_mean", "features": "cl2n",
    "metric": "l2"}}`. The cosine is multiplied by 16, so that its softmax can be confident. Predictions do not depend
    on this factor.

    The papers report no accuracy on CIFAR-10-LT.
    """
    head = {"name": "nearest_class_mean", "features": "un", "metric": "cosine"}
    return Recipe(
        name="ncm",
        head={"name": "dense"},
        stages=(first_stage(epochs[0]), post_hoc_stage(head, scale=16.0)),
        description="Cross-entropy, then the nearest mean feature of a class",
        citation=KANG,
    )
