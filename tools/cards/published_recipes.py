"""The recipe of a method in a published table: the library's recipe in the table's training set-up."""

import dataclasses

from ltzoo.recipes.by_dataset import setups
from ltzoo.recipes.by_dataset.published import setup_of
from ltzoo.training import Recipe
from tools.cards.published_methods import METHODS

# Methods of the tables that are trained as another recipe is.
BASES = {"ride4": "ride", "ride4_nbn": "ride_nbn"}


def setup_for(method: str, setup: str, dataset: str) -> setups.Setup | None:
    """Return the set-up of an entry; None if its recipe stays as it is. The arguments are those of `recipe`."""
    if setup == "own":
        return setup_of(BASES.get(method, method), dataset)
    return None if setup == "cifar" else setups.find(setup, dataset)


def recipe(method: str, setup: str, dataset: str, factor: float | None, class_counts) -> Recipe:
    """Return the recipe of an entry.

    Networks with normalized batch normalization have its published form, with which the printed figures were made.

    Args:
        method: key of `METHODS`.
        setup: name of the table's set-up (`ltzoo/recipes/by_dataset/setups.toml`); "cifar" keeps the recipe as it is,
            and "own" takes the set-up of the method's own paper.
        dataset: name of the dataset.
        factor: imbalance factor, or None if the tail is published.
        class_counts: training images per class.
    """
    made = METHODS[method](dataset, factor)
    found = setup_for(method, setup, dataset)
    if found is not None:
        made = setups.in_setup(made, found, sum(class_counts))
    conversions = [
        {**config, "bias_radius": 0} if config["name"] == "nbn" else config for config in made.conversions
    ]
    return dataclasses.replace(made, name=method, conversions=conversions)
