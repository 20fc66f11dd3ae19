"""Networks of the tables: which recipe, backbone and data they have, and what stands in for them at a small scale."""

import dataclasses
import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import benchmarks.papers.methods  # noqa: F401 - registers methods
import ltzoo.data
from ltzoo import shipped
from ltzoo.recipes.by_dataset.published import counts as published_counts
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.training_changes import with_learning_rates
from tools.cards.published_methods import METHODS
from tools.cards.published_recipes import recipe as published_recipe

# Backbone and imbalance factor of the datasets that can stand in for others.
SMALL = {"digits_lt": ("resnet8", 50), "cifar10_lt": ("resnet32", 100)}
# Datasets whose constants are those of another one, because nothing was published for them.
_AS = {"inaturalist2017": "inaturalist2018"}
_STEPS, _SMALLEST_BATCH = 32, 32


@dataclasses.dataclass(frozen=True)
class Network:
    """What a row trains.

    Attributes:
        label: as in the tables: backbone, dataset and imbalance factor, "resnet32/cifar10_lt/100".
    """

    label: str

    @property
    def backbone(self) -> str:
        """The label of its backbone, such as "resnet32x4"."""
        return self.label.split("/")[0]

    @property
    def dataset(self) -> str:
        """The name of its dataset."""
        return self.label.split("/")[1]

    @property
    def factor(self) -> int | None:
        """The imbalance factor; None if the tail is published."""
        return int(self.label.split("/")[2]) if self.label.count("/") > 1 else None

    @property
    def starts_from_imagenet(self) -> bool:
        """Whether the papers start from a network of ImageNet."""
        return self.dataset == "places_lt"

    def on(self, small: str | None) -> "Network":
        """Return what stands in for it; a balanced dataset is stood in by a balanced one."""
        if small is None:
            return self
        backbone, factor = SMALL[small]
        return Network(f"{backbone}/{small}/{1 if self.factor == 1 else factor}")

    def config(self, method: str = "*") -> Mapping[str, Any]:
        """Return the backbone as `ltzoo.models.build` takes it: the card's of the method, or of another one with it."""
        for pattern in (f"{method}_{self.backbone}_{self.dataset}", f"*_{self.backbone}_{self.dataset}"):
            found = shipped.names(f"{pattern}*")
            if found:
                return shipped.read(found[0])["backbone"]
        return {"name": self.backbone}


def recipe_of(method: str, setup: str, network: Network) -> Recipe:
    """Return the recipe of a method in a table's set-up, as the cards have it.

    digits_lt has the constants of CIFAR-10-LT. Its batches are halved until an epoch has 32 steps, but not below 32
    images, and learning rates change in proportion, as in `ltzoo.recipes.scaled`.

    NBN compares its networks, which have AutoAugment on CIFAR, with methods that have a form with it there. On small
    images that form is taken.
    """
    strong = f"{method}_autoaugment"
    if setup == "nbn" and network.dataset in SMALL and strong in METHODS:
        method = strong
    dataset, factor = _AS.get(network.dataset, network.dataset), network.factor
    if dataset != "digits_lt":
        return published_recipe(method, setup, dataset, factor, published_counts(dataset, factor))
    made = published_recipe(method, setup, "cifar10_lt", 100, published_counts("cifar10_lt", 100))
    return small_batches(made, _images(dataset, factor))


@functools.cache
def _images(dataset: str, factor: int | None) -> int:
    return len(ltzoo.data.load(dataset, imbalance_factor=factor).train)


def small_batches(recipe: Recipe, images: int) -> Recipe:
    """Return a recipe whose batches suit so many training images, with rates in proportion."""
    before = after = recipe.stages[0].batch_size
    while after >= 2 * _SMALLEST_BATCH and images / after < _STEPS:
        after //= 2
    if after == before:
        return recipe
    stages = [
        dataclasses.replace(stage, batch_size=max(stage.batch_size * after // before, 1))
        for stage in recipe.stages
    ]
    trained = [stage for stage in stages if stage.epochs]
    if trained:
        stages = with_learning_rates(stages, trained[0].schedule["learning_rate"] * after / before)
    return dataclasses.replace(recipe, stages=tuple(stages))


def folder_of(dataset: str, data_dir: Path | None) -> Path | None:
    """Return where the files of a dataset are: in `data_dir`/NAME if that exists, else in `data_dir`."""
    if data_dir is None or dataset == "digits_lt":
        return None
    return data_dir / dataset if (data_dir / dataset).exists() else data_dir
