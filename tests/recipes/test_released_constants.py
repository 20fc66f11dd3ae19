"""Every constant by dataset is what the authors' file has, and each has a source."""

import re

import pytest

import ltzoo
from ltzoo import recipes
from ltzoo.recipes.by_dataset import setups
from ltzoo.recipes.by_dataset.published import rows
from ltzoo.training import optimizers
from tests import tiny as tiny
from tests.recipes.released_constants import COMMITS, CONSTANTS
from tests.recipes.released_setups import SETUPS


def value_at(made, place):
    for key in place.split("."):
        if isinstance(made, dict):
            made = made.get(key)
            continue
        made = made[int(key)] if key.isdigit() else getattr(made, key)
    return list(made) if isinstance(made, tuple) else made


def name_of(row):
    return "-".join(str(part) for part in row[:-2])


@pytest.mark.parametrize("recipe, dataset, factor, source, expected", CONSTANTS, ids=map(name_of, CONSTANTS))
def test_constants_of_a_dataset(recipe, dataset, factor, source, expected):
    made = recipes.published(recipe, dataset, factor)
    assert {place: value_at(made, place) for place in expected} == expected, source


@pytest.mark.parametrize("setup, dataset, source, expected", SETUPS, ids=map(name_of, SETUPS))
def test_setup_on_a_dataset(setup, dataset, source, expected):
    found = setups.find(setup, dataset)
    assert {key: getattr(found, key) for key in expected} == expected, source


def test_every_constant_has_a_source_in_the_table():
    pinned = {(recipe, dataset, factor) for recipe, dataset, factor, *_ in CONSTANTS}
    for row in rows():
        for recipe in row["recipes"]:
            for dataset in row["datasets"]:
                factors = {factor for name, data, factor in pinned if (name, data) == (recipe, dataset)}
                assert factors, f"{recipe} on {dataset} is not in the table"
                given = set(row.get("imbalance_factors", ()))
                # For an imbalance factor of 200 the authors have no file; that of 100 counts.
                assert given - {200} <= factors, f"{recipe} on {dataset}: {given}"


def test_every_setup_has_a_source_in_the_table():
    pinned = {(setup, dataset) for setup, dataset, *_ in SETUPS}
    tables = setups._tables()
    assert pinned == {
        (name, dataset)
        for name, table in tables.items()
        for dataset, entry in table.items()
        if isinstance(entry, dict)
    }


def test_sources_name_repositories_at_a_commit():
    sources = [row[-2] for row in (*CONSTANTS, *SETUPS)]
    named = {source.partition(":")[0] for source in sources if re.match(r"[\w.-]+/[\w.-]+: \S", source)}
    assert named == set(COMMITS)
    assert all(re.fullmatch("[0-9a-f]{40}", commit) for commit in COMMITS.values())
    assert all(re.match(r"[\w.-]+/[\w.-]+: \S|[A-Z][A-Za-z. ]+, |no released", source) for source in sources)


def test_lade_trains_a_pretrained_network_slower_than_its_classifier():
    recipe = recipes.published("lade", "places_lt")
    model = ltzoo.models.build("tiny_cnn", recipe, [9, 5, 2], input_shape=(8, 8, 1))
    optimizer = optimizers.get(recipe.stages[0].optimizer, 0.05)
    optimizer.build(model.trainable_variables)
    factors = {v.path: optimizer._variable_settings(v)[0] for v in model.trainable_variables}
    assert {path for path, factor in factors.items() if factor == 1.0} == {
        f"{model.name}/head/kernel",
        f"{model.name}/head/bias",
    }
    assert set(factors.values()) == {1.0, 0.02} and len(factors) > 4
