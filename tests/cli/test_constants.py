"""Runs have the constants published for their data, say so, and keep them when they resume."""

import pytest

from ltzoo import recipes
from ltzoo.cli.recipe_of_run import constants_for, recipe_and_source
from tests.cli.conftest import SMALL


@pytest.mark.parametrize(
    "recipe, data, expected",
    [
        ("mislas", "cifar100_lt", "published"),
        ("mislas", "/photos", "scaled"),
        ("mislas", "digits_lt", None),
        ("transfer", "/photos", None),
        ("fast", "cifar10_lt", None),
    ],
)
def test_whose_constants_a_run_has(recipe, data, expected):
    assert constants_for(recipe, data) == expected


def test_a_published_dataset_has_its_own_constants():
    arguments = {
        "recipe": "mislas",
        "data": "cifar100_lt",
        "imbalance_factor": 50.0,
        "constants": "published",
    }
    made, said = recipe_and_source(arguments)
    assert made == recipes.published("mislas", "cifar100_lt", 50)
    assert said == "constants published for cifar100_lt at imbalance factor 50 (MiSLAS, Table 5)"
    assert recipe_and_source({**arguments, "epochs": [4, 1]})[0].epochs == 5


def test_runs_of_earlier_versions_keep_the_constants_of_the_recipe():
    assert recipe_and_source({"recipe": "mislas", "data": "cifar100_lt"}) == (recipes.get("mislas"), None)


def test_a_folder_has_scaled_constants(photos, invoke, tmp_path):
    done = invoke("train", "gcl", "--data", photos, "--epochs", "1,1", "--out", tmp_path / "run", *SMALL)
    assert done.exit_code == 0, done.output
    assert "constants of cifar10_lt at imbalance factor" in done.output


@pytest.mark.parametrize("first", [("--epochs", "1,1"), ("--set", "epochs=3")])
def test_a_field_is_given_once(one_line, first):
    said = one_line("train", "gcl", "--data", "digits_lt", "--out", "o", *first, "--set", "epochs=5")
    assert "--set epochs must be given once" in said
