"""Model cards: what a zoo entry is made of, where it comes from and what it reached."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from ltzoo import shipped
from ltzoo.models.addresses import fetch, is_address
from ltzoo.models.weights_errors import WeightsError
from ltzoo.recipes.recipe import Recipe
from ltzoo.registry import did_you_mean

_TUPLES = ("class_counts", "class_names", "input_shape", "mean", "std", "notes")


@dataclasses.dataclass(frozen=True)
class Card:
    """One zoo entry.

    Attributes:
        name: METHOD_BACKBONE_DATASET; docs/zoo.md has the rule.
        recipe: the recipe, as a dict of `Recipe.to_dict`.
        backbone: `{"name": ..., arguments}` for `ltzoo.backbones.get`.
        dataset: `{"name": ..., arguments}` for `ltzoo.data.load`.
        class_counts, class_names: of the training data, in label order.
        input_shape: (height, width, channels).
        mean, std: of the pixels, per channel on the 0..1 scale; the model normalizes by itself.
        seed: seed of the training run.
        licence: license of the weights that this library trained; the data have terms of their own.
        citation: what to cite.
        measured: result of the run that trained this entry, as `ltzoo.metrics.Result.to_dict` gives it, or None.
        paper: what the paper reports of this network, or None: fractions `{"top1": ..., "many": ...}` with `"table"`,
            where they are printed; what other tables say of the same network is the list `"also"`, of the same form.
        weights: `{"file", "size", "sha256"}` and perhaps `"url"`, or None where no weights exist.
        training: `{"backend", "seconds", "command"}` of that run.
        preprocessing: how images of any size become the model's input in evaluation, `{"resize": shorter side,
            "crop": side, "interpolation": ...}`, or None for images that are taken unchanged.
        starts_from: None for random initial weights, or the name of the weights that training starts from.
        cost: what training costs, counted and not measured: `{"images": passes of an image in all stages,
            "gmacs": 10^9 multiply-adds of the backbone for one image, "training_pflops": 10^15 operations}`. Operations
            are 6 a multiply-add where the backbone trains (forward, and twice as many backward), else 2.
        notes: sentences on what the paper leaves open or what differs from it.
    """

    name: str
    recipe: Mapping[str, Any]
    backbone: Mapping[str, Any]
    dataset: Mapping[str, Any]
    class_counts: tuple
    class_names: tuple
    input_shape: tuple
    mean: tuple
    std: tuple
    seed: int = 0
    licence: str = "Apache-2.0"
    citation: str = ""
    measured: Mapping[str, Any] | None = None
    paper: Mapping[str, Any] | None = None
    weights: Mapping[str, Any] | None = None
    training: Mapping[str, Any] | None = None
    preprocessing: Mapping[str, Any] | None = None
    starts_from: str | None = None
    cost: Mapping[str, Any] | None = None
    notes: tuple = ()

    def __post_init__(self):
        check_named(backbone=self.backbone, dataset=self.dataset)

    def to_json(self) -> str:
        """Return the card as JSON text, complete by itself, with one line per attribute."""
        return text(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote; class counts and names that are null become the dataset's.

        Raises:
            ValueError: it is no card, or its recipe, backbone or dataset is invalid.
        """
        return cls.from_dict(shipped.complete(json.loads(text)))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make a card of a complete dict, as `ltzoo.shipped.read` returns it.

        Raises:
            ValueError: its recipe, backbone or dataset is invalid.
        """
        tuples = {key: tuple(values.get(key, ())) for key in _TUPLES}
        Recipe.from_dict(values["recipe"])
        return cls(**{**values, **tuples})


def check_named(**parts: Any) -> None:
    """Check that each of these attributes of a card is a mapping with a name.

    Raises:
        ValueError: it is something else.
    """
    for argument, value in parts.items():
        if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
            raise ValueError(f'{argument} must be {{"name": ..., arguments}}. Received: {value!r}')


def text(values: Mapping[str, Any]) -> str:
    """Return a dict as JSON with one line per key."""
    lines = (f'"{key}": {json.dumps(value, ensure_ascii=False)}' for key, value in values.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def card(entry: str) -> Card:
    """Return the card of a zoo entry.

    Raises:
        ValueError: there is no such entry; the message names the closest one.
    """
    if entry not in shipped.names():
        raise ValueError(
            "No model or zoo entry of that name; ltzoo.models.names('gcl_*') lists the entries that match a "
            f"pattern.{did_you_mean(entry, shipped.names())} Received: {entry!r}"
        )
    return Card.from_dict(shipped.read(entry))


def is_card_file(source: str | os.PathLike) -> bool:
    """Return whether this is the path or the address of a card (`NAME.json`), as `push` returns it."""
    text = str(source)
    return (text.partition("@")[0] if is_address(text) else text).endswith(".json")


def read_card(source: str | os.PathLike) -> tuple[Card, Path]:
    """Read a card that did not come with the library.

    Args:
        source: the path or the address (hf://, kaggle://, https://) of a `NAME.json`.

    Returns:
        The card, and the folder that it lies in, which may hold its weights too.

    Raises:
        FileNotFoundError: no such file.
        WeightsError: it cannot be fetched, or it is no card.
    """
    path = fetch(str(source)) if is_address(source) else Path(source).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"No such card: {str(source)!r}")
    try:
        return Card.from_json(path.read_text(encoding="utf-8")), path.parent
    except (ValueError, KeyError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise WeightsError(f"{source} is not the card of a model: {type(error).__name__} {reason}") from error
