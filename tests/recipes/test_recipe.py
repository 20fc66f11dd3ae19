"""Recipes are plain data that survive JSON and refuse what makes no sense."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest

from ltzoo import recipes, training
from ltzoo.recipes import Recipe, Stage


def test_training_gives_the_same_classes():
    assert training.Recipe is Recipe and training.Stage is Stage


@pytest.mark.parametrize("name", recipes.names())
def test_json_round_trip(name):
    recipe = recipes.get(name)
    assert Recipe.from_json(recipe.to_json()).to_dict() == recipe.to_dict()


def test_epochs_scale_the_schedule():
    recipe = recipes.get("gcl", epochs=(20, 5))
    assert [stage.epochs for stage in recipe.stages] == [20, 5]
    assert recipe.stages[0].schedule["milestones"] == [16, 18]
    assert recipe.epochs == 25
    assert [stage.epochs for stage in recipes.get("gcl_published", epochs=20).stages] == [20, 3]


def test_overrides_for_all_stages_and_for_one():
    recipe = recipes.get("gcl", batch_size=16, stage2={"batch_size": 8, "mixup_alpha": 0.0}, name="mine")
    assert [stage.batch_size for stage in recipe.stages] == [16, 8]
    assert [stage.mixup_alpha for stage in recipe.stages] == [1.0, 0.0]
    assert recipe.name == "mine"


def test_paper_and_published_constants_of_gcl():
    paper, published = recipes.get("gcl"), recipes.get("gcl_published")
    assert [stage.cloud["noise_multiplier"] for stage in paper.stages] == [1.0, 1.0]
    assert [stage.cloud["noise_multiplier"] for stage in published.stages] == [0.5, 0.5]
    assert [stage.scale for stage in published.stages] == [30.0, 20.0]
    assert published.stages[1].loss["margin"] == 0.1 and published.stages[1].loss["focal_gamma"] == 1.0
    assert paper.stages[1].reinitialize_head and not published.stages[1].reinitialize_head


def test_a_head_is_the_recipes_own_unless_a_stage_is_named():
    recipe = recipes.get("crt", head={"name": "cosnorm"}, stage2={"head": {"name": "dense"}})
    assert recipe.head == {"name": "cosnorm"}
    assert [stage.head for stage in recipe.stages] == [None, {"name": "dense"}]


@pytest.mark.parametrize(
    "name, arguments, text",
    [
        ("glc", {}, "Did you mean 'gcl'"),
        ("gcl", {"epochs": (1, 2, 3)}, "epochs=\\(1, 2, 3\\)"),
        ("gcl", {"epochs": 0}, "epochs=\\(0, 1\\)"),
        ("gcl", {"bach_size": 3}, "bach_size"),
        ("gcl", {"stage2": {"bach_size": 3}}, "bach_size"),
        ("gcl", {"stage3": {"batch_size": 3}}, "stage3"),
    ],
)
def test_wrong_recipe_arguments_are_named(name, arguments, text):
    with pytest.raises(ValueError, match=text):
        recipes.get(name, **arguments)


@pytest.mark.parametrize(
    "arguments, text",
    [
        ({"epochs": -1}, "epochs=-1"),
        ({"epochs": 1, "batch_size": 0}, "batch_size=0"),
        ({"epochs": 1, "trainable": "classifier"}, "trainable='classifier'"),
        ({"epochs": 1, "batch_norm": "off"}, "batch_norm='off'"),
        ({"epochs": 1, "trainable": "head"}, "batch_norm='train'"),
        ({"epochs": 1, "cache_features": True}, "cache_features"),
    ],
)
def test_wrong_stages_are_named(arguments, text):
    with pytest.raises(ValueError, match=text):
        Stage(loss={"name": "cross_entropy"}, **arguments)


def test_unknown_keys_in_json_are_named():
    config = recipes.get("cross_entropy").to_dict()
    config["stages"][0]["momentum"] = 0.9
    with pytest.raises(ValueError, match="momentum"):
        Recipe.from_dict(config)
    with pytest.raises(ValueError, match="stages"):
        Recipe(name="none", head={"name": "dense"}, stages=())


def test_recipes_import_no_keras():
    # The `ltzoo` command imports the package without the parts that need a backend.
    script = (
        "import sys; sys.argv[0] = 'ltzoo'\n"
        "import ltzoo.recipes\n"
        "print(len(ltzoo.recipes.names()), 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(len(recipes.names())), "False"]


def test_numbers_of_numpy_and_tuples_are_stored_as_plain_values():
    recipe = recipes.get(
        "mislas",
        epochs=np.array([2, 1]),
        batch_size=np.int32(8),
        mixup_alpha=np.float32(0.5),
        schedule={
            "name": "multi_step",
            "learning_rate": np.float64(0.1),
            "milestones": (1,),
            "factors": np.array([0.1]),
        },
    )
    assert type(recipe).from_json(recipe.to_json()) == recipe
    stage = recipe.stages[0]
    assert [type(value) for value in (stage.epochs, stage.batch_size, stage.mixup_alpha)] == [int, int, float]
    assert stage.schedule["milestones"] == [1] and type(stage.schedule["factors"]) is list
    other = dataclasses.replace(recipe, head={"name": "dense", "use_bias": np.bool_(True)})
    assert type(other).from_json(other.to_json()) == other
