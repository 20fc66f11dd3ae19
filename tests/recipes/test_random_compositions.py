"""Parts combine freely: compositions drawn at random train two steps in each stage."""

import numpy as np
import pytest

from ltzoo import losses
from ltzoo.sampling.probabilities import STRATEGIES
from ltzoo.training import Recipe, Stage
from tests import tiny
from tests.recipes.test_every_recipe import short, train

NBN = {"name": "nbn"}
EXPERTS = {"name": "experts", "num_experts": 2}
# (backbone, conversions, whether the head must be one of experts)
BACKBONES = [
    ("tiny_cnn", (), False),
    ("resnet8", (), False),
    ("tiny_cnn", (NBN,), False),
    ("tiny_cnn", (EXPERTS,), True),
    ("tiny_cnn", (EXPERTS, {**NBN, "placement": ["expert*_norm"]}), True),
]
# (head of stage 1, scale)
HEADS = [
    ({"name": "dense"}, None),
    ({"name": "normalized_dense"}, 16.0),
    ({"name": "normalized_dense", "normalize_features": False, "learn_scale": True}, 0.5),
    ({"name": "cosnorm"}, None),
    ({"name": "rectified", "head": {"name": "dense"}}, None),
]
CROP = {"name": "pad_crop_flip", "padding": 1, "flip": False}
# Each case has augmentation, augment_on, mixup_alpha and companion.
AUGMENTATIONS = [
    ([], "host", 0.0, None),
    ([CROP], "host", 1.0, None),
    ([CROP, {"name": "cutout", "size": 2}], "device", 0.5, None),
    ([CROP, {"name": "remix"}], "host", 0.0, None),
    ([{"name": "cutmix"}], "host", 0.0, None),
    ([{"name": "cmo"}], "host", 0.0, {"strategy": "reversed"}),
]
# What a second stage changes.
SECOND = [
    None,
    {"trainable": "head", "batch_norm": "frozen", "reinitialize_head": True},
    {"trainable": "head", "batch_norm": "shifted", "head": {"name": "learnable_weight_scaling"}},
    {"trainable": "head", "batch_norm": "frozen", "head": {"name": "disalign"}},
    {"epochs": 0, "head": {"name": "tau_normalized", "tau": 0.5}},
    {"epochs": 0, "head": {"name": "nearest_class_mean"}},
    {"epochs": 0, "head": {"name": "log_n"}},
]
STAGE_TWO_HEADS_NEED = "dense"


def composition(seed):
    """(backbone, recipe) of one draw; every loss and sampler turns up within the first twenty."""
    draw = np.random.default_rng([2026, seed])

    def pick(options):
        return options[int(draw.integers(len(options)))]

    names = losses.names()
    backbone, conversions, experts = pick(BACKBONES)
    head, scale = pick(HEADS)
    augmentation, augment_on, mixup_alpha, companion = pick(AUGMENTATIONS)
    sampler = {"strategy": pick(sorted(STRATEGIES))}
    shared = {
        "loss": {"name": names[seed % len(names)]},
        "sampler": sampler | ({"companion": companion} if companion else {}),
        "augmentation": augmentation,
        "augment_on": augment_on,
        "mixup_alpha": mixup_alpha,
        "scale": scale,
    }
    stages = [
        Stage(
            epochs=1,
            cloud=pick([None, {"noise_multiplier": 0.5}]),
            technique={"name": "experts"} if experts else None,
            **shared,
        )
    ]
    second = pick(SECOND)
    if second is not None and head["name"] == STAGE_TWO_HEADS_NEED and not experts:
        stages.append(Stage(**{"epochs": 1, **shared, **second}))
    if experts:
        head = {"name": "experts", "num_experts": 2, "head": head}
    return backbone, Recipe(f"composition_{seed}", head, stages, conversions=conversions)


@pytest.mark.rotating(3)
@pytest.mark.parametrize("seed", range(20))
def test_a_random_composition_trains(seed):
    dataset = tiny.dataset()
    backbone, recipe = composition(seed)
    train(short(recipe, dataset), dataset, backbone)


def test_the_draws_cover_the_parts():
    drawn = [composition(seed)[1] for seed in range(20)]
    names = {stage.loss["name"] for recipe in drawn for stage in recipe.stages}
    assert names == set(losses.names()[:20])
    assert {"nbn", "experts"} <= {part["name"] for recipe in drawn for part in recipe.conversions}
    assert sum(len(recipe.stages) == 2 for recipe in drawn) >= 2
    assert len({recipe.head["name"] for recipe in drawn}) >= 4
    assert len({recipe.stages[0].sampler["strategy"] for recipe in drawn}) >= 5
