"""Recipes with the constants that their authors published for a dataset."""

from __future__ import annotations

import dataclasses
import functools
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ltzoo import shipped
from ltzoo.checks import RANGES, did_you_mean, refuse
from ltzoo.class_counts import long_tail_counts
from ltzoo.recipes import registry
from ltzoo.recipes.by_dataset import setups
from ltzoo.recipes.recipe import Recipe
from ltzoo.recipes.training_changes import with_epochs

_FILE = Path(__file__).with_name("constants.toml")
# Images of the most frequent class, and classes, of datasets whose tail depends on the imbalance factor.
_PROFILES = {"cifar10_lt": (5000, 10), "cifar100_lt": (500, 100)}
DATASETS = (*_PROFILES, "imagenet_lt", "places_lt", "inaturalist2018")
DEFAULT_FACTOR = 100.0
_OWN = ("recipes", "datasets", "imbalance_factors", "source", "setup")


@dataclasses.dataclass(frozen=True)
class Constants:
    """What was published for a recipe on a dataset.

    Attributes:
        changes: changes of the recipe, as `ltzoo.recipes.get` takes them.
        source: where they are from.
        setup: changes of the paper's set-up.
    """

    changes: Mapping[str, Any]
    source: str
    setup: Mapping[str, Any]


def published(
    name: str,
    dataset: str,
    imbalance_factor: float | None = None,
    /,
    epochs: int | Sequence[int] | None = None,
    **changes: Any,
) -> Recipe:
    """Make a recipe with the constants that were published for a dataset.

    `ltzoo.recipes.get` gives the constants of one dataset, CIFAR-10-LT for most methods. This changes what the authors
    change with the dataset, such as the smoothing of MiSLAS or the threshold of CAMC, and takes the batch, rate, epochs
    and weight decay of their set-up. What differs between paper and released code stays two recipes.

    Args:
        name: one of `ltzoo.recipes.names()`.
        dataset: "cifar10_lt", "cifar100_lt", "imagenet_lt", "places_lt" or "inaturalist2018".
        imbalance_factor: of CIFAR; None is 100. The other datasets have a published tail.
        epochs: other epochs, as in `ltzoo.recipes.get`.
        **changes: other fields, as in `ltzoo.recipes.get`.

    Returns:
        a `Recipe`. `ltzoo.recipes.get(name)` if nothing was published for this dataset.

    Raises:
        ValueError: a name is unknown, or the factor does not apply.
    """
    made, setup = with_constants(name, dataset, imbalance_factor), setup_of(name, dataset)
    if setup is not None:
        found = constants(name, dataset, imbalance_factor)
        setup = dataclasses.replace(setup, **(found.setup if found else {}))
        made = setups.in_setup(made, setup, sum(counts(dataset, imbalance_factor)))
    if epochs is not None:
        stages = with_epochs(made.stages, registry.stage_epochs(made, epochs))
        made = dataclasses.replace(made, stages=tuple(stages))
    return registry.changed(made, **changes)


def with_constants(name: str, dataset: str, imbalance_factor: float | None = None) -> Recipe:
    """Make a recipe with the constants of its method for a dataset, in its own training set-up; see `published`."""
    found = constants(name, dataset, imbalance_factor)
    return registry.get(name) if found is None else registry.get(name, **found.changes)


def setup_of(name: str, dataset: str) -> setups.Setup | None:
    """Return the set-up that a recipe is trained in on a dataset; None for the recipe's own."""
    setup = registry.setup(name)
    return None if setup is None else setups.find(setup, dataset)


def constants(name: str, dataset: str, imbalance_factor: float | None = None) -> Constants | None:
    """Return what was published for a recipe's method on a dataset; None if the recipe's own constants are used."""
    _check(dataset, imbalance_factor)
    factor = _factor(dataset, imbalance_factor)
    for row in rows():
        fits = name in row["recipes"] and dataset in row["datasets"]
        if fits and factor in row.get("imbalance_factors", (factor,)):
            changes = {key: value for key, value in row.items() if key not in _OWN}
            return Constants(_with_none(changes), row["source"], row.get("setup", {}))
    return None


def counts(dataset: str, imbalance_factor: float | None = None) -> list[int]:
    """Return the training images per class of a published dataset."""
    if dataset in _PROFILES:
        factor = DEFAULT_FACTOR if imbalance_factor is None else float(imbalance_factor)
        return [int(count) for count in long_tail_counts(*_PROFILES[dataset], factor)]
    return list(shipped.dataset(dataset)["class_counts"])


def _factor(dataset, imbalance_factor):
    if dataset not in _PROFILES:
        return None
    return DEFAULT_FACTOR if imbalance_factor is None else float(imbalance_factor)


def _check(dataset, imbalance_factor):
    if dataset not in DATASETS:
        refuse("dataset", f"one of {', '.join(DATASETS)}", dataset, did_you_mean(dataset, DATASETS))
    if imbalance_factor is None:
        return
    if dataset not in _PROFILES:
        refuse("imbalance_factor", f"None for {dataset}, whose tail is published", imbalance_factor)
    if imbalance_factor not in RANGES["Positive"] or imbalance_factor < 1:
        refuse("imbalance_factor", "a number of at least 1", imbalance_factor)


def _with_none(value):
    if isinstance(value, dict):
        return {key: _with_none(entry) for key, entry in value.items()}
    return None if value == "none" else value


@functools.cache
def rows() -> Sequence[Mapping[str, Any]]:
    """Return the rows of `constants.toml`."""
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))["constants"]
