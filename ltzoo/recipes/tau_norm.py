"""tau-normalization of a trained classifier."""

from collections.abc import Sequence

from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.registry import register
from ltzoo.recipes.two_stage import KANG, first_stage, post_hoc_stage


@register
def tau_norm(epochs: Sequence[int] = (200, 0)) -> Recipe:
    """Train with cross-entropy, then divide every class vector by its length to the power tau (Kang et al., Section 4).

    Nothing is trained in stage 2; tau is chosen on the validation images (on the training images where there are
    none): see `ltzoo.heads.tau_normalized`. A given one: `stage2={"head": {"name": "tau_normalized", "tau": 0.7}}`.

    The papers give no result for it on CIFAR-10-LT after cross-entropy (GCL's features with it: 82.16 %, GCL paper,
    Table 5).
    """
    return Recipe(
        name="tau_norm",
        head={"name": "dense"},
        stages=(first_stage(epochs[0]), post_hoc_stage({"name": "tau_normalized"})),
        description="Cross-entropy, then class vectors divided by a power of their length",
        citation=KANG,
    )
