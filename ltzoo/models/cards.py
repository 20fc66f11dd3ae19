"""Model cards: what a zoo entry is, where it comes from and what it reached."""

import dataclasses
import difflib
import json
from collections.abc import Mapping
from typing import Any, Self

from ltzoo import shipped
from ltzoo.shipped import names
from ltzoo.training import Recipe


@dataclasses.dataclass(frozen=True)
class Card:
    """One zoo entry.

    Attributes:
        name: METHOD_BACKBONE_DATASET.
        recipe: the recipe, as a dict of `Recipe.to_dict`.
        backbone: `{"name": ..., arguments}` for `ltzoo.backbones.get`.
        dataset: `{"name": ..., arguments}` for `ltzoo.data.load`.
        class_counts, class_names: of the training data, in label order.
        input_shape: (height, width, channels).
        mean, std: of the pixels, per channel on the 0..1 scale.
        seed: seed of the training run.
        licence: of the weights.
        citation: what to cite.
        measured: result of the run that made the weights, as `ltzoo.metrics.Result.to_dict` gives it, or None.
        paper: result that the paper reports (`{"top1": ...}`), or None.
        weights: `{"file", "size", "sha256"}`, or None where no weights exist.
        training: `{"backend", "seconds", "command"}` of the run that made the weights.
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

    def to_json(self) -> str:
        """The card as JSON text."""
        return json.dumps(dataclasses.asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of `to_json`."""
        values = json.loads(text)
        for key in ("class_counts", "class_names", "input_shape", "mean", "std"):
            values[key] = tuple(values[key])
        Recipe.from_dict(values["recipe"])
        return cls(**values)


def card(entry: str) -> Card:
    """The card of a zoo entry.

    Raises:
        ValueError: an unknown entry; the message names the closest ones.
    """
    if entry not in names():
        close = difflib.get_close_matches(str(entry), names(), n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"No model or zoo entry of that name; entries: {names()}.{hint} Received: {entry!r}")
    return Card.from_json((shipped.folder() / f"{entry}.json").read_text(encoding="utf-8"))
