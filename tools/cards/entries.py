"""Cards of all zoo entries in the tables, as the files in `weights/` hold them.

Every network of the tables in `tables/` that the library can build is an entry. Its card has the paper's figures and
the recipe that trains it. Measurements are kept: once an entry has weights, its recipe, backbone, result and weights
come from the card that `ltzoo.models.publish` wrote.
"""

import dataclasses
import json
import tomllib

from ltzoo import recipes, shipped
from ltzoo.models.cards import Card, text
from ltzoo.recipes.by_dataset.published import counts as published_counts
from tools.cards import training_cost
from tools.cards.paper_tables import TABLES, networks
from tools.cards.published_recipes import recipe

CIFAR = ("cifar10_lt", "cifar100_lt")
CIFAR_PIXELS = ((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
PIXELS = {"inaturalist2018": ((0.466, 0.471, 0.380), (0.195, 0.194, 0.192))}
IMAGENET_PIXELS = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
METRICS = ("top1", "many", "medium", "few", "balanced", "ece", "nll")
# Fields from the run that made an entry's weights; the rest of a card comes from the tables.
MEASURED = ("measured", "weights", "training")
LICENSES = ("weights_license", "data_license", "source")
RUN = ("recipe", "backbone", "dataset", "input_shape", "mean", "std", "seed", *LICENSES, *MEASURED)


def cards() -> dict[str, Card]:
    """Return the card of every entry of the tables, by name."""
    rows = {}
    for network in networks():
        rows.setdefault(network.entry, []).append(network)
    made = {name: _card(name, found) for name, found in rows.items()}
    return dict(sorted((made | _own_cards()).items()))


def files() -> dict[str, str]:
    """Return the text of every card file: `NAME.json` for entries with weights, one table for all others."""
    made = cards()
    own = {f"{name}.json": text(_stored(card)) for name, card in made.items() if card.weights is not None}
    rest = (_stored(card) for card in made.values() if card.weights is None)
    lines = (json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n" for values in rest)
    return own | {shipped.PAPERS: "".join(lines)}


def _stored(card):
    """Return the card's values without what the dataset has: class names, published class counts, license."""
    values = dataclasses.asdict(card)
    values["class_names"] = None
    known = shipped.dataset(card.dataset["name"])
    if known.get("class_counts") is not None:
        values["class_counts"] = None
    if card.data_license == known.get("license"):
        values["data_license"] = None
    return values


def _card(name, rows):
    first = rows[0]
    small = first.dataset in CIFAR
    counts = published_counts(first.dataset, first.factor)
    made = recipe(first.method, first.setup, first.dataset, first.factor, counts)
    backbone = _backbone(first)
    mean, std = CIFAR_PIXELS if small else PIXELS.get(first.dataset, IMAGENET_PIXELS)
    also = [{**row.result, "table": row.table} for row in rows[1:]]
    values = {
        "name": name,
        "recipe": made.to_dict(),
        "backbone": backbone,
        "dataset": {"name": first.dataset} | ({"imbalance_factor": first.factor, "seed": 0} if small else {}),
        "class_counts": counts,
        "class_names": None,
        "input_shape": (32, 32, 3) if small else (224, 224, 3),
        "mean": mean,
        "std": std,
        "citation": made.citation,
        "paper": {**first.result, "table": first.table} | ({"also": also} if also else {}),
        "preprocessing": None if small else {"resize": 256, "crop": 224, "interpolation": "bilinear"},
        "starts_from": "imagenet" if first.dataset == "places_lt" else None,
        "notes": _notes(first, small),
    }
    if name in shipped.names():
        old = shipped.read(name)
        values |= {key: old[key] for key in (RUN if old["weights"] else MEASURED)}
    values["cost"] = training_cost.cost(values["recipe"], values["backbone"], values["input_shape"], counts)
    return Card.from_json(json.dumps(values))


def _own_cards():
    """Return cards of this library's own recipes that come without weights."""
    counts = published_counts("cifar10_lt", 100)
    mean, std = CIFAR_PIXELS
    found = {}
    for entry in tomllib.loads((TABLES / "own.toml").read_text(encoding="utf-8"))["entries"]:
        if entry["name"] in shipped.names() and shipped.read(entry["name"])["weights"]:
            continue
        made, backbone, shape = recipes.get(entry["recipe"]), {"name": entry["backbone"]}, (32, 32, 3)
        values = {
            **entry,
            "recipe": made.to_dict(),
            "backbone": backbone,
            "dataset": {"name": "cifar10_lt", "imbalance_factor": 100, "seed": 0},
            "class_counts": counts,
            "class_names": None,
            "input_shape": shape,
            "mean": mean,
            "std": std,
            "citation": made.citation,
            "measured": {key: entry["measured"].get(key) for key in METRICS},
            "cost": training_cost.cost(made.to_dict(), backbone, shape, counts),
        }
        found[entry["name"]] = Card.from_json(json.dumps(values))
    return found


def _backbone(network):
    if network.backbone == "resnet32x4":
        return {"name": "resnet32", "width_multiplier": 4}
    if network.dataset in CIFAR and network.backbone in ("resnet18", "resnet34"):
        return {"name": network.backbone, "stem": "small"}
    return {"name": network.backbone}


def _notes(network, small):
    notes = []
    if small and network.table.startswith("CAMC"):
        notes.append(
            "The paper does not name the backbone of its CIFAR results; the other papers use ResNet-32."
        )
    if network.setup == "fsa_cifar":
        notes.append(
            "The paper does not say how its ResNet takes images of 32 pixels; here it begins with one 3x3 convolution "
            "without pooling."
        )
    if network.dataset == "places_lt":
        notes.append(
            "Training starts from a ResNet-152 trained on ImageNet; pass it to ltzoo train with --start-from."
        )
    if network.dataset == "places_lt" and network.setup in ("mislas", "gcl"):
        notes.append(
            "As in the released code, only the head and the last block, which its files store separately, are trained."
        )
    if network.setup == "gcl":
        notes.append(
            "The paper follows Kang et al. 'except the learning rate schedule', which has steps. Here they are at 2/3 "
            "and 8/9 of the epochs, as in its released Places-LT code."
        )
    if network.setup == "fsa" and network.dataset != "inaturalist2018":
        notes.append("The paper gives its schedule for iNaturalist only; it is used here too.")
    if network.quoted:
        notes.append(
            "The table quotes this figure from other work, whose training set-up may differ from this recipe."
        )
    return notes
