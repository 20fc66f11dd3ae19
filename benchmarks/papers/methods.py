"""Methods of the papers' tables that are no entries of the zoo: ablations, registered next to those of the cards."""

from collections.abc import Mapping, Sequence
from typing import Any

from ltzoo import recipes
from ltzoo.recipes.recipe import Recipe
from tools.cards.published_methods import METHODS, method


@method
def focal_drw(dataset: str, factor: float | None) -> Recipe:
    """Focal loss, then class weights by the effective number of images."""
    weighted = {"name": "class_balanced_focal", "gamma": 1.0, "activation": "softmax"}
    return recipes.get(
        "cross_entropy_drw", stage1={"loss": {"name": "focal", "gamma": 1.0}}, stage2={"loss": weighted}
    )


def _nbn_ablation(name: str, *conversions: Mapping[str, Any], head: str = "dense") -> None:
    """Register NBN's training with other conversions than its own."""
    config: Sequence[Mapping[str, Any]] = conversions
    METHODS[name] = lambda dataset, factor: recipes.get("nbn", head={"name": head}, conversions=config)


_nbn_ablation("weight_normalized_convolutions", {"name": "weight_normalization"})
_nbn_ablation("feature_norm_channels", {"name": "feature_normalization", "over": "channels"})
_nbn_ablation("feature_norm_image", {"name": "feature_normalization", "over": "image"})
for _kind in ("layer", "instance"):
    _nbn_ablation(f"{_kind}_norm_instead", {"name": "other_normalization", "kind": _kind})
    _nbn_ablation(f"{_kind}_norm_behind", {"name": "other_normalization", "kind": _kind, "behind": True})
_nbn_ablation("nbn_linear_separate_g", {"name": "nbn", "placement": "paper", "separate_bias": True})
