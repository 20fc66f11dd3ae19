"""Model cards: the parts of a zoo entry, where it comes from and its results."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from ltzoo import shipped
from ltzoo.models.addresses import fetch_card, is_address
from ltzoo.models.weights_errors import WeightsError
from ltzoo.printable import shown_address
from ltzoo.readers import card_schema, json_text
from ltzoo.recipes.recipe import Recipe
from ltzoo.registry import did_you_mean

_TUPLES = ("class_counts", "class_names", "input_shape", "mean", "std", "notes")


@dataclasses.dataclass(frozen=True)
class Card:
    """One zoo entry.

    Attributes:
        name: METHOD_BACKBONE_DATASET; docs/zoo.md has the rule.
        recipe: the recipe, as `Recipe.to_dict` returns it.
        backbone: `{"name": ..., arguments}` for `ltzoo.backbones.get`.
        dataset: `{"name": ..., arguments}` for `ltzoo.data.load`.
        class_counts, class_names: training images and name per class, in label order.
        input_shape: (height, width, channels).
        mean, std: pixel statistics per channel, on the 0..1 scale; the model normalizes its input with them.
        seed: seed of the run.
        weights_license: license of the weights: an SPDX identifier or name; "unknown" until their owner says, None if
            there are no weights.
        data_license: terms of the training data; None if they are unknown.
        citation: what to cite.
        measured: results of the run that trained this entry, as from `ltzoo.metrics.Result.to_dict`, or None.
        paper: results that the paper reports for this network, or None: fractions `{"top1": ..., "many": ...}` and the
            `"table"` that prints them. Results of the same network in other tables are the list `"also"`, in the same
            form.
        weights: `{"file", "size", "sha256"}`, with `"url"` if they are published; None if there are no weights.
        training: `{"backend", "seconds", "command"}` of the run.
        preprocessing: how evaluation turns images of any size into model input, `{"resize": shorter side,
            "crop": side, "interpolation": ...}` or `{"fit": "squash" or "pad", "interpolation": ...}`; None if images
            are used unchanged, or scaled as little as possible and cropped.
        starts_from: name of the weights that training starts from; None for random initial weights.
        cost: cost of training, counted and not measured: `{"images": images passed in all stages, "gmacs": 10^9
            multiply-adds of the backbone per image, "training_pflops": 10^15 operations}`. A multiply-add is 6
            operations where the backbone trains (2 forward, 4 backward), else 2.
        notes: sentences on what the paper leaves open or what differs from it.
        source: who trained the weights, or the address that they come from; None if there are none.
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
    weights_license: str | None = None
    data_license: str | None = None
    citation: str = ""
    measured: Mapping[str, Any] | None = None
    paper: Mapping[str, Any] | None = None
    weights: Mapping[str, Any] | None = None
    training: Mapping[str, Any] | None = None
    preprocessing: Mapping[str, Any] | None = None
    starts_from: str | None = None
    cost: Mapping[str, Any] | None = None
    notes: tuple = ()
    source: str | None = None

    def __post_init__(self):
        check_named(backbone=self.backbone, dataset=self.dataset)

    @property
    def licence(self) -> str | None:
        """The license of the weights, by its earlier name."""
        return self.weights_license

    def to_json(self) -> str:
        """Return the complete card as JSON text, with one line per attribute."""
        return text(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the output of `to_json`; null class counts and names are taken from the dataset.

        Raises:
            ValueError: `text` is not JSON within the limits of `ltzoo.readers.json_text.parse`, or not a card; the
                message names the field.
        """
        return cls.from_dict(shipped.complete(json_text.parse(text)))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make a card from a complete dict, as `ltzoo.shipped.read` returns it.

        Raises:
            ValueError: a field is missing, unknown, of another type or out of range; the message names it.
        """
        values = card_schema.check_card(values)
        Recipe.from_dict(values["recipe"])
        return cls(**{**values, **{key: tuple(values.get(key, ())) for key in _TUPLES}})

    def check(self) -> None:
        """Check that all fields are as a card may have them, so that everybody can read the card.

        Raises:
            ValueError: a field has another type or is out of range; the message names it.
        """
        type(self).from_dict(dataclasses.asdict(self))


def check_named(**parts: Any) -> None:
    """Check that each of these attributes of a card is a mapping with a name.

    Raises:
        ValueError: one of them is not.
    """
    for argument, value in parts.items():
        if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
            raise ValueError(
                f'`{argument}` must be {{"name": ..., arguments}}. Received: {argument}={value!r}'
            )


def text(values: Mapping[str, Any]) -> str:
    """Return a dict as JSON with one line per key."""
    lines = (f'"{key}": {json_text.dumps(value)}' for key, value in values.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def card(entry: str) -> Card:
    """Return the card of a zoo entry.

    Raises:
        ValueError: there is no such entry; the message suggests the closest one.
    """
    if entry not in shipped.names():
        raise ValueError(
            "`entry` must be the name of a zoo entry; ltzoo.models.names('gcl_*') lists the entries that match a "
            f"pattern.{did_you_mean(entry, shipped.names())} Received: entry={entry!r}"
        )
    return Card.from_dict(shipped.read(entry))


def is_card_file(source: str | os.PathLike) -> bool:
    """Return whether `source` is the path or address of a card (`NAME.json`), as `push` returns it."""
    text = str(source)
    if text.startswith(("https://", "http://")):
        return text.partition("#")[0].partition("?")[0].endswith(".json")
    # The revision of a hub follows the repository or the path.
    return text.endswith(".json") or (is_address(text) and text.partition("@")[0].endswith(".json"))


def read_card(source: str | os.PathLike) -> tuple[Card, Path]:
    """Read a card that does not ship with the library.

    Args:
        source: path or address (hf://, kaggle://, https://) of a `NAME.json`.

    Returns:
        the card and its folder, which may also hold the weights.

    Raises:
        FileNotFoundError: there is no such file.
        WeightsError: the file cannot be fetched, or is not a card.
    """
    path = fetch_card(str(source)) if is_address(source) else Path(source).expanduser()
    if not path.is_file():
        raise FileNotFoundError(
            f"`source` must be an existing card. Received: source={shown_address(source)!r}"
        )
    try:
        return Card.from_dict(shipped.complete(json_text.read(path))), path.parent
    except ValueError as error:
        reason = str(error).partition("\n")[0]
        raise WeightsError(
            f"`source` is not the card of a model: {reason}. Received: source={shown_address(source)!r}"
        ) from error
