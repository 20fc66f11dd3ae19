"""First stages that several entries train alike, so that one training of it serves them all."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from ltzoo.models.first_stages import described
from ltzoo.recipes.recipe import Recipe

_NETWORK = ("backbone", "dataset", "input_shape", "mean", "std", "seed", "starts_from")


def with_notes(cards: Mapping[str, Any]) -> dict[str, Any]:
    """Return the cards, with a note on each whose first stage is also that of others.

    All that determines the first stage must be the same: network, data, seed, conversions, head and the stage itself.
    """
    groups: dict[str, list[str]] = {}
    for name, card in cards.items():
        groups.setdefault(_key(card), []).append(name)
    noted = dict(cards)
    for names in groups.values():
        if len(names) < 2 or not any(len(cards[name].recipe["stages"]) > 1 for name in names):
            continue
        for name in names:
            if cards[name].weights is None:
                note = _note([other for other in names if other != name])
                noted[name] = dataclasses.replace(cards[name], notes=(*cards[name].notes, note))
    return noted


def _key(card):
    recipe = Recipe.from_dict(card.recipe)
    network = [getattr(card, field) for field in _NETWORK]
    return json.dumps([*network, described(recipe, card.class_counts)], sort_keys=True)


def _note(others):
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    return f"The first stage is also that of {others[0]}{more}; one training of it serves all."
