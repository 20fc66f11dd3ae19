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


# Recipes that were other methods than their names say, with the hash of what they were.
MENDED = {
    "lade": ("0e619d0ee858", "importance weights of the released code, with which its constants belong"),
    "ride": ("e8c1eed9ac07", "diversity -0.45, as released for CIFAR; -0.2 is for photographs"),
    "weight_balancing": ("f164c0894e8d", "the loss that the released weight decay belongs to"),
    "ride_nbn": ("3cfb44fd9705", "the released configuration; the form before is `ride_nbn_paper`"),
    "bbn": ("5b3b69493da3", "the rates and the Nesterov momentum of the released code"),
}


@pytest.mark.parametrize("name", MENDED)
def test_mended_recipes_differ_from_what_they_were(name):
    before, why = MENDED[name]
    assert why and cases.recipe_hash(recipes.get(name)) != before
