"""Model cards: what a zoo entry is, where it comes from and what it reached."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, Self

from ltzoo import shipped
from ltzoo.recipes.recipe import Recipe

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
        licence: of the weights that this library's training makes; the data have terms of their own.
        citation: what to cite.
        measured: result of the run that made the weights, as `ltzoo.metrics.Result.to_dict` gives it, or None.
        paper: what the paper reports of this network, or None: fractions `{"top1": ..., "many": ...}` with `"table"`,
            where they are printed; what other tables say of the same network is the list `"also"`, of the same form.
        weights: `{"file", "size", "sha256"}` and perhaps `"url"`, or None where no weights exist.
        training: `{"backend", "seconds", "command"}` of the run that made the weights.
        preprocessing: how images of any size become the model's input in evaluation, `{"resize": shorter side,
            "crop": side, "interpolation": ...}`, or None for images that are taken as they are.
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
        """The card as JSON text, complete by itself, with a line for each attribute."""
        return text(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of `to_json`; class counts and names that are null are those of the data set.

        Raises:
            ValueError: it is no card, or its recipe, backbone or dataset is none.
        """
        values = shipped.complete(json.loads(text))
        for key in _TUPLES:
            values[key] = tuple(values.get(key, ()))
        Recipe.from_dict(values["recipe"])
        return cls(**values)


def check_named(**parts: Any) -> None:
    """Checks that each of these attributes of a card is a mapping with a name.

    Raises:
        ValueError: it is something else.
    """
    for argument, value in parts.items():
        if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
            raise ValueError(f'{argument} must be {{"name": ..., arguments}}. Received: {value!r}')


def text(values: Mapping[str, Any]) -> str:
    """A dict as JSON with a line for each of its keys."""
    lines = (f'"{key}": {json.dumps(value, ensure_ascii=False)}' for key, value in values.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def card(entry: str) -> Card:
    """The card of a zoo entry.

    Raises:
        ValueError: an unknown entry; the message names the closest one.
    """
    if entry not in shipped.names():
        close = shipped.closest(entry)
        hint = f" Did you mean {close!r}?" if close else ""
        raise ValueError(
            "No model or zoo entry of that name; ltzoo.models.names('gcl_*') lists the entries that match a "
            f"pattern.{hint} Received: {entry!r}"
        )
    return Card.from_json((shipped.folder() / f"{entry}.json").read_text(encoding="utf-8"))
