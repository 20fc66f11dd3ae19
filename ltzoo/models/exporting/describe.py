"""Describe a classifier for its exported form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from ltzoo.export_formats.description import Description
from ltzoo.protocols import Classifier
from ltzoo.readers import json_text
from ltzoo.version import __version__

if TYPE_CHECKING:
    from ltzoo.models.cards import Card


def describe(model: Classifier, card: Card | None = None) -> Description:
    """Return the class names, card and image size that an exported model carries.

    Args:
        model: a classifier.
        card: the card of its zoo entry; None makes a card from what the model knows.

    Raises:
        ValueError: the class names of `card` are not the model's.
    """
    if card is not None and tuple(card.class_names) != tuple(model.class_names):
        raise ValueError(
            "`card` must be the card of this very model: its class names differ from the model's. "
            f"Received: card={card.name!r}"
        )
    if card is None:
        return Description(tuple(model.class_names), _card_of(model), None, model.image_fit)
    resize = (card.preprocessing or {}).get("resize")
    if model.image_fit != "crop":
        resize = None
    return Description(
        tuple(model.class_names), _with_decision(model, card.to_json()), resize, model.image_fit
    )


def _card_of(model):
    known = {
        "name": model.name,
        "recipe": model.recipe.to_dict(),
        "class_counts": model.class_counts.tolist(),
        "class_names": list(model.class_names),
        "input_shape": list(model.image_shape),
        "preprocessing": None
        if model.image_fit == "crop"
        else {"fit": model.image_fit, "interpolation": "bilinear"},
        "mean": list(model.mean),
        "std": list(model.std),
        "seed": model.seed,
        "citation": model.recipe.citation,
        "weights_license": None,
        "data_license": None,
        "written_by": {"ltzoo": __version__, "keras": keras.__version__},
    }
    return _with_decision(model, json_text.dumps(known, indent=1) + "\n")


def _with_decision(model, text):
    """Add what `ltzoo.posthoc.Decisions.from_dict` reads: prediction sets, a threshold for unknown images."""
    decision = getattr(model.head, "decision", None)
    if not decision:
        return text
    return json_text.dumps({**json_text.parse(text), "decision": decision}, indent=1) + "\n"
