"""The schedule and the network of the recipes with experts."""

import numpy as np

import ltzoo
from ltzoo import recipes
from ltzoo.training import learning_rates
from tests import tiny


def test_the_rate_goes_on_through_the_epoch_of_reweighting():
    """Rises to 0.1 in 5 epochs, x0.01 from epoch 160 and again from 180, as in one run of 200."""
    stages = recipes.get("ride").stages
    rates = np.concatenate([learning_rates(stage.schedule, stage.epochs) for stage in stages[:2]])
    expected = np.repeat([0.1, 1e-3, 1e-5], [160, 20, 20])
    expected[:5] = 0.02 * np.arange(1, 6)
    np.testing.assert_allclose(rates, expected)
    assert [stage.epochs for stage in recipes.get("ride", epochs=32).stages] == [32, 8, 1]


def test_every_expert_has_one_magnitude_for_the_norms_of_its_last_stage():
    model = ltzoo.models.build("tiny_cnn", "ride_nbn", tiny.dataset())
    names = [layer.name for layer in model.backbone.layers if "magnitude" in layer.name]
    assert sorted(names) == ["magnitude_expert1", "magnitude_expert2", "magnitude_expert3"]
    norms = [
        layer.name for layer in model.backbone.layers if type(layer).__name__.startswith("NormalizedBatch")
    ]
    assert sorted(norms) == [f"expert{number}_block1_norm" for number in (1, 2, 3)]
    assert [type(head).__name__ for head in model.heads] == ["ExpertsHead", "RoutedExpertsHead"]
