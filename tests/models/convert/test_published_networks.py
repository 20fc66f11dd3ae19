"""Every published network that the reference cases list maps onto a model of this library without a remainder."""

import dataclasses
from unittest import mock

import keras
import numpy as np
import pytest

from ltzoo import backbones, models, recipes
from ltzoo.backbones import conversions
from ltzoo.models.convert.transfer import differences, find_layout, slots_of
from tests.published import state_dicts

PUBLISHED = state_dicts()
STAGE = recipes.get("cross_entropy").stages[0]
DENSE, COSINE, RECTIFIED = {"name": "dense"}, {"name": "normalized_dense"}, {"name": "rectified"}
SCALED = (DENSE, {"name": "learnable_weight_scaling"})
NBN = {"name": "nbn", "initialization": "published"}
RIDE = {"name": "experts", "num_experts": 3}
EXPERTS = [f"expert{number}_*" for number in (1, 2, 3)]

# (backbone, conversions): networks, each with its layout, its heads and its number of classes.
NETWORKS = {
    ("resnet32", ()): {
        "gcl_resnet32_cosine_10": ("gcl", (COSINE,), 10),
        "gcl_resnet32_cosine_100": ("gcl", (COSINE,), 100),
        "gcl_resnet32_linear_10": ("gcl", (DENSE,), 10),
        "ldam_resnet32_cosine_10": ("gcl", (COSINE,), 10),
        "ldam_resnet32_linear_10": ("gcl", (DENSE,), 10),
        "mislas_resnet32_10": ("mislas", SCALED, 10),
        "mislas_resnet32_100": ("mislas", SCALED, 100),
        "balms_resnet32_10": ("decoupling", (DENSE,), 10),
        "balms_resnet32_100": ("decoupling", (DENSE,), 100),
        "fsa_thirdparty_resnet32_10": ("fsa", (DENSE,), 10),
    },
    ("resnet10", ()): {
        "gcl_resnet10_m_cosine_1000": ("gcl", (COSINE,), 1000),
        "mislas_resnet10_fe_1000": ("mislas", SCALED, 1000),
        "decoupling_resnet10": ("decoupling", SCALED, 1000),
        "fsa_thirdparty_resnet10_1000": ("fsa", (DENSE,), 1000),
    },
    ("resnet18", ()): {"fsa_thirdparty_resnet18_1000": ("fsa", (DENSE,), 1000)},
    ("resnet34", ()): {"fsa_thirdparty_resnet34_1000": ("fsa", (DENSE,), 1000)},
    ("resnet50", ()): {
        "gcl_resnet50_m_cosine_1000": ("gcl", (COSINE,), 1000),
        "mislas_resnet50_fe_1000": ("mislas", SCALED, 1000),
        "decoupling_resnet50": ("decoupling", SCALED, 1000),
        "nbn_resnet50_baseline": ("nbn", (DENSE,), 1000),
    },
    ("resnet101", ()): {
        "mislas_resnet101_fe_1000": ("mislas", SCALED, 1000),
        "decoupling_resnet101": ("decoupling", SCALED, 1000),
    },
    ("resnet152", ()): {
        "gcl_resnet152_m_cosine_1000": ("gcl", (COSINE,), 1000),
        "gcl_places_resnet152": ("gcl_places", (COSINE,), 365),
        "mislas_resnet152_fe_1000": ("mislas", SCALED, 1000),
        "mislas_places_resnet152": ("mislas_places", SCALED, 365),
        "decoupling_resnet152": ("decoupling", SCALED, 1000),
    },
    ("resnext50", ()): {
        "gcl_resnext50_32x4d_cosine_1000": ("gcl", (COSINE,), 1000),
        "decoupling_resnext50": ("decoupling", SCALED, 1000),
        "nbn_resnext50_baseline": ("nbn", (DENSE,), 1000),
    },
    ("resnext101", ()): {"decoupling_resnext101": ("decoupling", SCALED, 1000)},
    ("resnext152", ()): {"decoupling_resnext152": ("decoupling", SCALED, 1000)},
    ("resnet50", ("nbn",)): {
        "nbn_resnet50": ("nbn", (DENSE,), 1000),
        "nbn_resnet50_logit_rectification": ("nbn", (RECTIFIED,), 1000),
    },
    ("resnext50", ("nbn",)): {"nbn_resnext50": ("nbn", (DENSE,), 1000)},
    ("resnet50", ("experts", "nbn")): {"nbn_resnet50_ride3": ("nbn", ({**RIDE, "head": RECTIFIED},), 1000)},
}
CONVERSIONS = {
    (): (),
    ("nbn",): (NBN,),
    ("experts", "nbn"): (
        {**RIDE, "split": "stage2_block3_relu3"},
        {**NBN, "placement": "A", "groups": EXPERTS},
    ),
}


@pytest.fixture
def without_values():
    """Networks with variables that never get a value: only names and shapes count, and 150 layers take a second."""
    with (
        mock.patch.object(keras.Variable, "_deferred_initialize"),
        mock.patch.object(keras.Layer, "get_weights", lambda self: []),
        mock.patch.object(keras.Layer, "set_weights", lambda self, weights: None),
        mock.patch("ltzoo.backbones.conversions.nbn.assign_copy"),
        keras.StatelessScope(),
    ):
        yield


def test_every_published_network_is_in_the_table():
    assert sorted(name for networks in NETWORKS.values() for name in networks) == sorted(PUBLISHED)
    assert len(PUBLISHED) == 36


@pytest.mark.parametrize("backbone, converted", NETWORKS, ids=lambda value: str(value))
def test_every_tensor_is_used_once_and_every_variable_is_filled(backbone, converted, without_values):
    trunk = conversions.convert(backbones.get(backbone, input_shape=(64, 64, 3)), CONVERSIONS[converted])
    for name, (layout_name, heads, num_classes) in NETWORKS[backbone, converted].items():
        stages = [STAGE, *(dataclasses.replace(STAGE, head=head) for head in heads[1:])]
        recipe = recipes.Recipe(name="published", head=heads[0], stages=stages)
        model = models.LongTailedClassifier(trunk, recipe, [5] * num_classes, image_shape=(64, 64, 3))
        parts = dict(PUBLISHED[name])
        for classifier in ("classifier_lws", "classifier"):
            if classifier in parts:
                # The case lists the classifiers of both stages; a file holds one of them.
                files = {"feat_model": parts["feat_model"], "classifier": parts[classifier]}
                check(model, name, files, layout_name)
        if "classifier" not in parts:
            check(model, name, parts, layout_name)


def check(model, name, parts, layout_name):
    layout = find_layout([parts], None)
    assert layout.name == layout_name, name
    table = slots_of(model, layout)
    shapes = {
        f"{layout.canonical(part)}/{key}": tuple(shape)
        for part, names in parts.items()
        for key, shape in names.items()
    }
    found = differences(model, table, shapes)
    assert not found, f"{name}: {found}"
    # The way back has the same names; the scales of the second stage are in no file of the first.
    written = set(table.slots) | {slot.twin for slot in table.slots.values() if slot.twin}
    assert written - set(shapes) <= {"state_dict_best/classifier/scales"}, name
    for key, slot in table.slots.items():
        if key.endswith("scale_factor"):
            assert slot.length == np.prod(shapes[key]), name
