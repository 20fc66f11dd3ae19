"""The recipes of normalized batch normalization; that they train is in test_every_recipe.py."""

import pathlib

import keras
import numpy as np
import pytest

import ltzoo
from ltzoo import recipes
from ltzoo.layers import NormalizedBatchNormalization
from ltzoo.training import learning_rates
from tests import tiny

RATES = np.load(pathlib.Path(__file__).parents[1] / "reference" / "lr_schedules.npz")


@pytest.mark.parametrize("name", ["nbn", "nbn_balanced_softmax", "nbn_crt", "variance_regularization"])
def test_rates_are_those_of_the_balanced_softmax_code(name):
    stage = recipes.get(name).stages[0]
    expected = RATES["balms_cifar10_if100_lr"]
    assert stage.epochs == len(expected)
    np.testing.assert_allclose(learning_rates(stage.schedule, stage.epochs), expected, rtol=1e-6, atol=1e-8)
    for epochs in (1, 5, 40):
        stage = recipes.get(name, epochs=epochs).stages[0]
        rates = learning_rates(stage.schedule, epochs)
        assert rates[0] > 0 and rates.max() == pytest.approx(0.1)


def test_the_magnitude_is_learned_in_stage_2_or_not():
    model = ltzoo.models.build("resnet8", recipes.get("nbn_crt"), tiny.dataset())
    converted = [
        layer.name for layer in model.backbone.layers if isinstance(layer, NormalizedBatchNormalization)
    ]
    assert converted == ["stage3_block0_bn2"]
    model.enter_stage(0)
    assert {"gamma", "beta", "magnitude", "kernel"} <= {v.name for v in model.trainable_variables}
    model.enter_stage(1)
    assert sorted(v.name for v in model.trainable_variables) == ["bias", "kernel", "magnitude"]
    fixed = recipes.get("nbn_crt_fixed_g")
    assert fixed.stages[1].trainable == "head"
    assert fixed.stages[0] == recipes.get("nbn_crt").stages[0]


def test_logits_are_rectified_where_the_paper_reports_results_with_it():
    heads = {name: recipes.get(name).head["name"] for name in recipes.names() if name.startswith("nbn")}
    assert heads["nbn"] == heads["nbn_balanced_softmax"] == "rectified"
    assert heads["nbn_crt"] == heads["nbn_crt_fixed_g"] == "dense"
    assert keras.saving.get_registered_object("ltzoo>RectifiedHead") is not None
