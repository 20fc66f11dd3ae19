"""Where cards and weights lie, and which entries there are; without Keras, so that listing them is quick."""

import difflib
import fnmatch
import functools
import json
import os
from pathlib import Path
from typing import Any


def folder() -> Path:
    """The folder of cards and weights: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "weights"
    return inside if inside.is_dir() else package.parent / "weights"


_FACTS = folder() / "datasets"


def names(pattern: str = "*") -> list[str]:
    """Names of the zoo entries that match a glob pattern, sorted."""
    return sorted(fnmatch.filter((path.stem for path in folder().glob("*.json")), pattern))


def read(entry: str) -> dict[str, Any]:
    """The card of an entry as a dict, with class counts and names.

    Raises:
        OSError, ValueError: its file cannot be read.
    """
    return complete(json.loads((folder() / f"{entry}.json").read_text(encoding="utf-8")))


def complete(card: dict[str, Any]) -> dict[str, Any]:
    """A card whose `class_counts` and `class_names` are null gets those of its data set.

    They lie in `datasets/NAME.json` beside the cards, once for all entries of a data set. Classes whose names are not
    known there either are called "0", "1", ...

    Raises:
        ValueError: the counts are null, and those of the data set are not known.
    """
    if card["class_counts"] is None or card["class_names"] is None:
        known = dataset(card["dataset"]["name"])
        if card["class_counts"] is None:
            card["class_counts"] = known.get("class_counts")
        if card["class_counts"] is None:
            raise ValueError(
                f"`class_counts` of a card must be a list, for data sets without a file in {_FACTS}. "
                f"Received: class_counts=null, dataset={card['dataset']}"
            )
        if card["class_names"] is None:
            card["class_names"] = known.get("class_names")
        if card["class_names"] is None:
            card["class_names"] = [str(label) for label in range(len(card["class_counts"]))]
    return card


@functools.cache
def dataset(name: str) -> dict[str, Any]:
    """What is known of a published data set: `class_counts` and `class_names`, as far as they are, and its source."""
    path = _FACTS / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def closest(entry: str) -> str | None:
    """The entry with the most similar name, or None."""
    return next(iter(difflib.get_close_matches(str(entry), names(), n=1)), None)


def siblings_with_weights(entry: str, backbone: dict[str, Any], data: dict[str, Any]) -> list[str]:
    """Other entries of this network and data set that have weights; first those whose names begin alike."""
    found = []
    for name in names(f"*{data['name']}*"):
        card = json.loads((folder() / f"{name}.json").read_text(encoding="utf-8"))
        if name != entry and card["weights"] and card["backbone"] == backbone and card["dataset"] == data:
            found.append(name)
    return sorted(found, key=lambda name: (-len(os.path.commonprefix([entry, name])), len(name)))


def published_twin(entry: str, recipe: str, backbone: dict[str, Any], data: dict[str, Any]) -> str | None:
    """The entry with weights of the same method, network and data, trained with the constants of the authors' code."""
    twin = entry.replace(recipe, f"{recipe}_published", 1)
    return twin if twin in siblings_with_weights(entry, backbone, data) else None
