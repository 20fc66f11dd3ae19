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
from tools.cards import memory, training_cost
from tools.cards.notes import notes
from tools.cards.paper_tables import TABLES, networks
from tools.cards.shared_stages import with_notes
from tools.cards.trained_networks import CIFAR, by_setup

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
    made = with_notes({name: _card(name, found) for name, found in by_setup(networks()).items()})
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
    first = rows[0].network
    small = first.dataset in CIFAR
    counts = published_counts(first.dataset, first.factor)
    made, backbone = rows[0].recipe, rows[0].backbone
    mean, std = CIFAR_PIXELS if small else PIXELS.get(first.dataset, IMAGENET_PIXELS)
    also = [{**row.network.result, "table": row.network.table} for row in rows[1:]]
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
        "notes": notes(first),
    }
    if name in shipped.names():
        old = shipped.read(name)
        values |= {key: old[key] for key in (RUN if old["weights"] else MEASURED)}
    values["cost"] = training_cost.cost(values["recipe"], values["backbone"], values["input_shape"], counts)
    network = values["recipe"], values["backbone"], values["input_shape"]
    values["notes"] = [*values["notes"], *memory.note(*network, len(counts))]
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
