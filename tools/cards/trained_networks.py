"""The networks of the papers' tables with their recipes: one entry for each way in which a network is trained."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from ltzoo.recipes import registry
from ltzoo.recipes.by_dataset.published import counts
from ltzoo.recipes.recipe import Recipe
from tools.cards.paper_tables import Network
from tools.cards.published_recipes import BASES, recipe, setup_for

CIFAR = ("cifar10_lt", "cifar100_lt")


@dataclasses.dataclass(frozen=True)
class Trained:
    """A network of a table, and what trains it.

    Attributes:
        network: the row or cell of the table.
        recipe: its recipe.
        backbone: `{"name": ..., arguments}` with the initial weights of the paper's released code.
    """

    network: Network
    recipe: Recipe
    backbone: dict[str, Any]


def by_setup(networks: Sequence[Network]) -> dict[str, list[Trained]]:
    """Return the entries: name -> the networks of the tables that it stands for.

    The first table that prints a network names its entry METHOD_BACKBONE_DATASET. Another table adds its figure if it
    trains in the same way, or quotes the same figure. Else the network is an entry of its own, with the set-up and its
    epochs as a suffix, such as `cross_entropy_resnet50_imagenet_lt_nbn90`.
    """
    entries: dict[str, list[list[Trained]]] = {}
    for network in networks:
        found, own = trained(network), entries.setdefault(network.entry, [])
        same = next((rows for rows in own if _is_trained_as(found, rows[0])), None)
        if same is None:
            same = next((rows for rows in own if _quotes(network, rows[0].network)), None)
        if same is None:
            own.append([found])
        else:
            same.append(found)
    return {
        name if not number else f"{name}_{_suffix(rows[0])}": rows
        for name, several in entries.items()
        for number, rows in enumerate(several)
    }


def trained(network: Network) -> Trained:
    """Return a network of a table with its recipe and backbone."""
    images = counts(network.dataset, network.factor)
    made = recipe(network.method, network.setup, network.dataset, network.factor, images)
    return Trained(network, made, _backbone(network))


def _is_trained_as(one, other):
    return (one.recipe, one.backbone) == (other.recipe, other.backbone)


def _quotes(network, other):
    """Return whether one figure may be the other: both are equal when rounded to the digits of the shorter one."""
    if network.year < other.year and not network.quoted and not other.quoted:
        return False
    digits = min(len(repr(row.result["top1"]).partition(".")[2]) for row in (network, other))
    return round(network.result["top1"], max(digits, 3)) == round(other.result["top1"], max(digits, 3))


def _suffix(found):
    network = found.network
    own = registry.setup(BASES.get(network.method) or network.method) or ""
    setup = own if network.setup == "own" else network.setup
    epochs = sum(stage.epochs for stage in found.recipe.stages if stage.trainable != "head")
    return f"{setup.partition('_')[0]}{epochs}"


def _backbone(network):
    if network.backbone == "resnet32x4":
        return {"name": "resnet32", "width_multiplier": 4}
    if network.dataset in CIFAR:
        small = network.backbone in ("resnet18", "resnet34")
        return {"name": network.backbone} | ({"stem": "small"} if small else {})
    setup = setup_for(network.method, network.setup, network.dataset)
    start = None if setup is None else setup.initialization
    if setup is not None and network.backbone.startswith("resnext"):
        start = setup.resnext_initialization or start
    return {"name": network.backbone} | ({"initialization": start} if start else {})
