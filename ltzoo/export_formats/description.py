"""The class names and card that accompany an exported classifier."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ltzoo.readers import json_text

CLASS_NAMES, CARD = "class_names.txt", "card.json"


@dataclasses.dataclass(frozen=True)
class Description:
    """Class names and card of an exported model.

    Attributes:
        class_names: names in the order of the logits.
        card: JSON text of the zoo entry's card, or of the facts the model itself holds, with the same keys.
        resize: length of the shorter side of an image before the center crop, from the card; None scales as
            little as possible.
        image_fit: how images of any shape become the model's input; see `ltzoo.data.image_fit.fit_image`.
    """

    class_names: tuple[str, ...]
    card: str
    resize: int | None = None
    image_fit: str = "crop"

    def names_json(self) -> str:
        """Return the class names as a JSON list."""
        return json_text.dumps(list(self.class_names))

    def files(self) -> dict[str, str]:
        """Return the content of each file by name: one class name per line, and the card."""
        return {CLASS_NAMES: "".join(f"{_one_line(name)}\n" for name in self.class_names), CARD: self.card}

    def write(self, folder: Path) -> None:
        """Write the files into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files().items():
            (folder / name).write_text(content, encoding="utf-8")


def _one_line(name):
    return " ".join(name.split("\n"))
