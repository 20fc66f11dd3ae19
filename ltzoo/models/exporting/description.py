"""What travels with an exported classifier: the names of its classes and its card."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import keras

from ltzoo.protocols import Classifier
from ltzoo.version import __version__

if TYPE_CHECKING:
    from ltzoo.models.cards import Card

CLASS_NAMES, CARD = "class_names.txt", "card.json"


@dataclasses.dataclass(frozen=True)
class Description:
    """Class names and card of an exported model.

    Attributes:
        class_names: in the order of the logits.
        card: JSON text: the zoo entry's card, or what the model itself knows, under the same keys.
        resize: length of the shorter side of an image before the center is cut out, as the card says; None scales as
            little as possible.
    """

    class_names: tuple[str, ...]
    card: str
    resize: int | None = None

    def names_json(self) -> str:
        """The names as a JSON list."""
        return json.dumps(list(self.class_names), ensure_ascii=False)

    def files(self) -> dict[str, str]:
        """Name and content of the files: one class name a line, and the card."""
        return {CLASS_NAMES: "".join(f"{_one_line(name)}\n" for name in self.class_names), CARD: self.card}

    def write(self, folder: Path) -> None:
        """Write the files into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files().items():
            (folder / name).write_text(content, encoding="utf-8")


def describe(model: Classifier, card: Card | None = None) -> Description:
    """Describe a model. `card` is the card of its zoo entry, or None."""
    if card is not None and tuple(card.class_names) != tuple(model.class_names):
        raise ValueError(
            f"`card` must be the card of this very model: its class names differ from the model's. "
            f"Received: card={card.name!r}"
        )
    if card is None:
        return Description(tuple(model.class_names), _card_of(model))
    resize = (card.preprocessing or {}).get("resize")
    return Description(tuple(model.class_names), card.to_json(), resize)


def _card_of(model):
    known = {
        "name": model.name,
        "recipe": model.recipe.to_dict(),
        "class_counts": model.class_counts.tolist(),
        "class_names": list(model.class_names),
        "input_shape": list(model.image_shape),
        "mean": list(model.mean),
        "std": list(model.std),
        "seed": model.seed,
        "citation": model.recipe.citation,
        "written_by": {"ltzoo": __version__, "keras": keras.__version__},
    }
    return json.dumps(known, indent=1, ensure_ascii=False) + "\n"


def _one_line(name):
    return " ".join(name.split("\n"))
