"""No recipe changes: results, cards and checkpoints name the recipe that made them."""

import json

import pytest

from ltzoo import recipes
from tests.compatibility import cases

RECORDED = json.loads(cases.HASHES.read_text())
OF_BENCHMARKS = {"best_sgd", "best_distilled"}  # once registered by a script of the benchmarks


def test_no_recipe_is_gone():
    assert set(RECORDED) - OF_BENCHMARKS <= set(recipes.names())


@pytest.mark.parametrize("name", sorted(set(RECORDED) & set(recipes.names())))
def test_recipes_are_as_recorded(name):
    assert cases.recipe_hash(recipes.get(name)) == RECORDED[name]
