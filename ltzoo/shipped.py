"""Names and cards of the zoo entries, without Keras, so that listing them is quick."""

import copy
import fnmatch
import functools
import os
from pathlib import Path
from typing import Any

from ltzoo.checks import received, shortened
from ltzoo.readers import json_text
from ltzoo.readers.card_schema import MAX_CLASSES
from ltzoo.readers.value_checks import is_file_name

PAPERS = "papers.jsonl"
_START = '{"name":"'


def folder() -> Path:
    """Return the folder of cards and weights: in the installed package, or next to it in a checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "weights"
    return inside if inside.is_dir() else package.parent / "weights"


_FACTS = folder() / "datasets"


def names(pattern: str = "*") -> list[str]:
    """Return the names of the zoo entries that match a glob pattern, sorted."""
    return sorted(fnmatch.filter({*_own_files(), *_lines()}, pattern))


def read(entry: str) -> dict[str, Any]:
    """Return the card of an entry as a dict, with class counts and names.

    An entry with weights has its own file, `NAME.json`. All others are lines of `papers.jsonl`.

    Raises:
        KeyError: there is no such entry.
        OSError, ValueError: its card cannot be read.
    """
    own = folder() / f"{entry}.json"
    return complete(json_text.read(own) if own.is_file() else json_text.parse(_lines()[entry]))


def _own_files() -> list[str]:
    return [path.stem for path in folder().glob("*.json")]


def _lines() -> dict[str, str]:
    """Return the lines of `papers.jsonl` by name; a line is parsed when its card is read.

    Raises:
        ValueError: a line does not start with a name, or repeats one.
    """
    path = folder() / PAPERS
    return _split(path, path.stat().st_mtime_ns) if path.is_file() else {}


@functools.lru_cache(maxsize=2)
def _split(path: Path, changed: int) -> dict[str, str]:
    found = {}
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            start, name, rest = line[: len(_START)], *line[len(_START) :].partition('"')[::2]
            if start != _START or not rest or name in found:
                raise ValueError(
                    f"Line {number} of {path} must start with {_START}, and a name of its own; install ltzoo "
                    f"again. Received: {line[:60].rstrip()!r}"
                )
            found[name] = line
    return found


def complete(card: dict[str, Any]) -> dict[str, Any]:
    """Fill in `class_counts`, `class_names` and `data_license` of a card where they are null.

    `datasets/NAME.json` next to the cards has them, once for all entries of a dataset. Classes without a name there
    are called "0", "1", ...

    Raises:
        ValueError: this is not a card, or the counts are null, and the dataset's are not known.
    """
    data = card.get("dataset") if isinstance(card, dict) else None
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        raise ValueError(
            f'`dataset` of a card must be {{"name": ..., arguments}}. {received("dataset", data)}'
        )
    known = dataset(data["name"])
    for field in ("class_counts", "class_names"):
        if field in card and card[field] is None:
            card[field] = copy.copy(known.get(field))
    if "class_counts" in card and card["class_counts"] is None:
        raise ValueError(
            f"`class_counts` of a card must be a list, for datasets without a file in {_FACTS}. "
            f"Received: class_counts=null, dataset={shortened(data)}"
        )
    counts = card.get("class_counts")
    if "class_names" in card and card["class_names"] is None and isinstance(counts, list):
        card["class_names"] = [str(label) for label in range(min(len(counts), MAX_CLASSES))]
    if card.get("data_license") is None:
        card["data_license"] = known.get("license")
    return card


@functools.cache
def dataset(name: str) -> dict[str, Any]:
    """Return what is known of a published dataset: its source, perhaps `class_counts`, `class_names` and `license`."""
    path = _FACTS / f"{name}.json"
    return json_text.read(path) if is_file_name(name) and path.is_file() else {}


def siblings_with_weights(entry: str, backbone: dict[str, Any], data: dict[str, Any]) -> list[str]:
    """Return other entries of this network and dataset that have weights; similar names come first."""
    found = []
    for name in fnmatch.filter(_own_files(), f"*{data['name']}*"):
        card = read(name)
        if name != entry and card["weights"] and card["backbone"] == backbone and card["dataset"] == data:
            found.append(name)
    return sorted(found, key=lambda name: (-len(os.path.commonprefix([entry, name])), len(name)))


def published_twin(entry: str, recipe: str, backbone: dict[str, Any], data: dict[str, Any]) -> str | None:
    """Return the entry with weights of the same method, network and data, with the constants of the authors' code."""
    twin = entry.replace(recipe, f"{recipe}_published", 1)
    return twin if twin in siblings_with_weights(entry, backbone, data) else None
