"""Diverse experts with a router."""

from collections.abc import Sequence
from typing import Any

from ltzoo.recipes.cifar import CROP_FLIP
from ltzoo.recipes.recipe import Recipe, Stage
from ltzoo.recipes.registry import register

CITATION = (
    "Wang, Lian, Miao, Liu and Yu, Long-tailed Recognition by Routing Diverse Distribution-Aware Experts, "
    "ICLR 2021"
)
NUM_EXPERTS = 3
NESTEROV = {"name": "sgd", "momentum": 0.9, "l2": 5e-4, "nesterov": True}


@register(setup="ride")
def ride(epochs: Sequence[int] = (160, 40, 5)) -> Recipe:
    """Train three diverse experts that share their early layers, then a router that uses as many as needed.

    Stage 1: LDAM on each expert's cosine logits (s = 30), minus 0.45 times the divergence of the experts
    (`ltzoo.losses.expert_diversity`). Stage 2 begins at the published epoch of re-weighting. It adds class weights by
    the effective number (beta 0.9999) and temperatures that differ between classes (gamma 0.05). The rate continues as
    in one run, x0.01 at the start and again in the middle, but momentum restarts. Stage 3 trains only the router, on
    class-balanced batches of 512, with positive weight 100.

    The released CIFAR-100-LT configuration gave the constants, the form of the divergence and the reduction of the
    experts to three quarters of the channels. The technique "experts" has the "paper" forms as parameters.

    Deviations: the augmentation has no rotation by up to 15 degrees. There is no distillation, an option of the paper.

    Expected on CIFAR-100-LT, imbalance factor 100, ResNet-32: 48.6 % top-1 (model zoo of the released code, with
    router). On CIFAR-10-LT, imbalance factor 100: 85.1 % (NBN paper, Table I, whose augmentation is stronger).
    """
    experts: dict[str, Any] = {"num_experts": NUM_EXPERTS, "head": {"name": "normalized_dense"}}
    shared: dict[str, Any] = {
        "batch_size": 128,
        "augmentation": CROP_FLIP,
        "optimizer": NESTEROV,
        "scale": 30.0,
    }
    return Recipe(
        name="ride",
        head={"name": "experts", **experts},
        conversions=({"name": "experts", "num_experts": NUM_EXPERTS, "width": 0.75},),
        stages=(
            Stage(
                epochs=epochs[0],
                loss={"name": "ldam"},
                schedule={
                    "name": "constant",
                    "learning_rate": 0.1,
                    "warmup_epochs": min(5, epochs[0] // 8),
                },
                technique={"name": "experts", "diversity_factor": -0.45, "reweight_factor": 0.0},
                **shared,
            ),
            Stage(
                epochs=epochs[1],
                loss={"name": "ldam", "beta": 0.9999},
                schedule={
                    "name": "multi_step",
                    "learning_rate": 1e-3,
                    "milestones": [round(0.5 * epochs[1])],
                    "factors": [1e-2],
                },
                technique={"name": "experts", "diversity_factor": -0.45, "reweight_factor": 0.05},
                **shared,
            ),
            Stage(
                epochs=epochs[2],
                loss={"name": "cross_entropy"},
                head={"name": "routed_experts", "top_choices": 30, **experts},
                trainable="head",
                batch_norm="frozen",
                sampler={"strategy": "class_balanced"},
                schedule={"name": "cosine", "learning_rate": 0.01},
                technique={"name": "expert_router", "positive_weight": 100.0},
                **{**shared, "batch_size": 512},
            ),
        ),
        description="Three diverse experts on LDAM with deferred re-weighting, then a router",
        citation=CITATION,
    )
