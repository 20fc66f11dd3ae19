"""The published rows of CIFAR-10-LT belong to the recipes of today."""

import csv
import dataclasses
import json
from pathlib import Path

import pytest

from ltzoo import recipes
from tests.compatibility import cases

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
FILES = sorted(BENCHMARKS.glob("**/cifar10_lt.csv"))
MAPS = sorted(BENCHMARKS.glob("**/recipe_hashes.csv"))
# (recipe, epochs, hash) of the published rows.
ROWS = {
    ("best", "100+1", "e83f389b8e34"),
    ("best_distilled", "100+10+1", "7439decd1d16"),
    ("best_distilled", "30+3+1", "2010c4a5cf56"),
    ("cross_entropy", "20", "171847b74dc9"),
    ("crt_mixup", "20+1", "f93af881506f"),
    ("fast", "10", "018bd4d94e31"),
    ("gcl_published", "20+3", "0090d16a433b"),
    ("gcl_published", "200+30", "bedf17d355de"),
    ("lws_mixup", "20+1", "e065246750c6"),
    ("mislas", "20+1", "9ccc3fc2d582"),
    ("mislas_published", "20+1", "ed7e4ffa5a42"),
    ("mixup", "20", "c40ec4c31019"),
}
# Hash -> why a row's recipe is not the one of that name today.
OUTDATED = {}


def hash_today(name, epochs):
    """Return the hash of a recipe scaled to the column `epochs`."""
    recipe, numbers = recipes.get(name), [int(number) for number in epochs.split("+")]
    if numbers != [stage.epochs for stage in recipe.stages]:
        recipe = recipes.get(name, epochs=numbers)
    return cases.recipe_hash(recipe)


@pytest.mark.parametrize("name, epochs, recorded", sorted(row for row in ROWS if row[0] in recipes.names()))
def test_recipes_of_the_rows_are_unchanged(name, epochs, recorded):
    assert hash_today(name, epochs) == recorded


@pytest.mark.skipif(not FILES, reason="the benchmarks are not part of an installed package")
def test_every_row_without_changes_is_of_a_recipe_of_today():
    with open(*FILES, newline="") as file:
        found = {
            (row["recipe"], row["epochs"], row["recipe_hash"])
            for row in csv.DictReader(file)
            if row["overrides"] == "{}" and row["recipe_hash"] not in OUTDATED
        }
    assert found >= ROWS
    for name, epochs, recorded in sorted(found):
        if name in recipes.names():
            assert hash_today(name, epochs) == recorded, (name, epochs)


@pytest.mark.skipif(not MAPS, reason="the benchmarks are not part of an installed package")
def test_map_of_hashes_leads_from_recorded_rows_to_recipes_of_today():
    with open(*MAPS, newline="") as file:
        renamed = list(csv.DictReader(file))
    with open(*BENCHMARKS.glob("**/cifar10_lt_search.csv"), newline="") as file:
        recorded = {(row["recipe"], row["overrides"], row["recipe_hash"]) for row in csv.DictReader(file)}
    for row in renamed:
        assert (row["recipe"], row["overrides"], row["recorded"]) in recorded
        recipe = recipes.get(row["recipe"], **json.loads(row["overrides"]))
        assert cases.recipe_hash(recipe) == row["today"]
        # The name is all that changed.
        assert cases.recipe_hash(dataclasses.replace(recipe, name="best")) == row["recorded"]
