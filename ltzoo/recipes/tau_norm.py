"""Normalization of a trained classifier's vectors with an exponent tau (tau-normalization)."""

from collections.abc import Sequence

from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register
from ltzoo.recipes.two_stage import KANG, first_stage, post_hoc_stage


@register(setup="decoupling")
def tau_norm(epochs: Sequence[int] = (200, 0)) -> Recipe:
    """Train with cross-entropy, then divide every class vector by its length to the power tau (Kang et al., Section 4).

    Stage 2 trains nothing. It chooses tau on the validation images, or on the training images if there are none; see
    `ltzoo.heads.tau_normalized`. For a fixed tau use `stage2={"head": {"name": "tau_normalized", "tau": 0.7}}`.

    The papers report no accuracy on CIFAR-10-LT after cross-entropy. On the features of GCL it is 82.16 % (GCL paper,
    Table 5).
    """
    return Recipe(
        name="tau_norm",
        head={"name": "dense"},
        stages=(first_stage(epochs[0]), post_hoc_stage({"name": "tau_normalized"})),
        description="Cross-entropy, then class vectors divided by a power of their length",
        citation=KANG,
    )
