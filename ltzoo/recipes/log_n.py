"""Logit normalization of a trained classifier (LogN)."""

from collections.abc import Sequence

from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register
from ltzoo.recipes.two_stage import first_stage, post_hoc_stage


@register(setup="decoupling")
def log_n(epochs: Sequence[int] = (200, 0)) -> Recipe:
    """Train with cross-entropy, then normalize each class's logit to mean 0 and deviation 1 over the training set.

    z'_c = (z_c - mean_c) / std_c for the logit z_c of class c. Stage 2 trains nothing. See `ltzoo.heads.log_n`.

    The papers report no accuracy on CIFAR-10-LT. On ImageNet-LT with ResNeXt-50 it is 51.6 % (NBN paper, Table XVII).
    """
    return Recipe(
        name="log_n",
        head={"name": "dense"},
        stages=(first_stage(epochs[0]), post_hoc_stage({"name": "log_n"})),
        description="Cross-entropy, then logits normalized class by class",
        citation="Zhao, Teng and Wang, Logit Normalization for Long-Tail Object Detection, IJCV 2024",
    )
