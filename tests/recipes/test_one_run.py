"""The set-up of Cao et al. (2019); that the recipes train is in test_every_recipe.py."""

import pathlib

import keras
import numpy as np
import pytest

import ltzoo
from ltzoo import losses, recipes
from ltzoo.class_counts import effective_number_weights
from ltzoo.training import learning_rates
from tests import tiny

RATES = np.load(pathlib.Path(__file__).parents[1] / "reference" / "lr_schedules.npz")
DEFERRED = ["cross_entropy_drw", "ldam_drs", "ldam_drw"]


@pytest.mark.parametrize("name", DEFERRED)
def test_rates_go_on_as_in_the_published_run(name):
    stages = recipes.get(name).stages
    rates = np.concatenate([learning_rates(stage.schedule, stage.epochs) for stage in stages])
    np.testing.assert_allclose(rates, RATES["ldam_drw_200ep"], rtol=1e-6)
    for epochs in ((32, 8), (13, 7), (1, 1), 40):
        stages = recipes.get(name, epochs=epochs).stages
        rates = np.concatenate([learning_rates(stage.schedule, stage.epochs) for stage in stages])
        schedule = recipes.step_schedule(0.1, len(rates), (1e-2, 1e-4))
        np.testing.assert_allclose(rates, learning_rates(schedule, len(rates)))
    assert all(stage.trainable == "all" and stage.batch_norm == "train" for stage in stages)


def stage_losses(name):
    """The loss objects that the stages of a model are compiled with."""
    model = tiny.model(name)
    return [model.stage_compile_arguments(index, 4)["loss"] for index in range(len(model.recipe.stages))]


def test_weights_come_in_with_stage_2():
    weights = effective_number_weights(tiny.CLASS_COUNTS, 0.9999)
    first, second = stage_losses("ldam_drw")
    assert first.mean_weights() is None and first.scale == second.scale == 30.0
    np.testing.assert_allclose(second.mean_weights(), weights)
    assert not first.from_cosine and first.class_counts.tolist() == list(tiny.CLASS_COUNTS)
    first, second = stage_losses("cross_entropy_drw")
    assert type(first) is losses.CrossEntropy
    np.testing.assert_allclose(second.mean_weights(), weights)
    first, second = recipes.get("ldam_drs").stages
    assert first.loss == second.loss
    assert [stage.sampler["strategy"] for stage in (first, second)] == ["instance_balanced", "class_balanced"]


@pytest.mark.parametrize("name", ["class_balanced_focal", "class_balanced_sigmoid"])
def test_sigmoids_start_at_the_prior_and_their_bias_is_not_decayed(name):
    model = tiny.model(name)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model.head.bias.value), -np.log(2.0), rtol=1e-6)
    model.set_stage(0, steps_per_epoch=4)
    settings = {v.name: model.optimizer._variable_settings(v)[1] for v in model.trainable_variables}
    assert settings["bias"] == 0.0 and settings["kernel"] == 2e-4


@pytest.mark.parametrize(
    "name, strategy",
    [
        ("class_balanced_sampling", "class_balanced"),
        ("square_root_sampling", "square_root"),
        ("progressive_sampling", "progressive"),
        ("effective_number_sampling", "effective_number"),
    ],
)
def test_sampling_is_all_that_differs_from_cross_entropy(name, strategy):
    stage, plain = recipes.get(name).stages[0], recipes.get("cross_entropy").stages[0]
    assert stage.sampler["strategy"] == strategy
    assert ltzoo.training.Stage(**{**vars(stage), "sampler": plain.sampler}) == plain
